"""A parcel on the road: followed until it is delivered or back, and stopped where the carrier still can."""

from collections.abc import Awaitable, Callable

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.ship import Ship
    from activities.undo import UndoRequest
    from domain.status import FULFILLMENT, FulfillmentStatus, TrackingStatus, is_final
    from workflows.house import House
    from workflows.state import FulfillmentState

# What a carrier says when it cannot go on by itself.
TROUBLE = (TrackingStatus.EXCEPTION, TrackingStatus.RETURN_TO_SENDER)


class Journey:
    """The last part of a fulfillment order. `reports(what, wake)` waits for news and writes it down; `stop_reason()`
    says why the parcel is to come back, or nothing."""

    def __init__(
        self,
        house: House,
        state: FulfillmentState,
        reports: Callable[[str, Callable[[], bool]], Awaitable[None]],
        stop_reason: Callable[[], str],
    ) -> None:
        self._house = house
        self._state = state
        self._name = state.fulfillment_order_id
        self._reports = reports
        self._stop_reason = stop_reason

    async def run(self) -> None:
        """Follow the parcel until it is delivered or back; a stop now means interception."""
        if self._ended():
            await self._house.desk.done(self._name)
            return
        self._house.desk.due(self._name, "DELIVERY_LATE", "the delivery", self._house.deadlines.delivery)
        while not self._ended():
            if self._to_be_stopped():
                await self._intercept()
            await self._reports(f"{self._state.waybill} to be delivered", self._to_be_stopped)
        await self._house.desk.done(self._name)
        if self._state.troubled:
            await self._house.alert("PARCEL_TROUBLE", self._name, "")

    async def heard(self) -> None:
        """Call a person when the carrier cannot go on by itself, unless it was asked to bring the parcel back."""
        if self._state.tracking in TROUBLE and not self._state.troubled and not self._state.interception:
            self._state.troubled = True
            reason = f"the carrier reports {self._state.tracking} for {self._state.waybill}"
            await self._house.alert("PARCEL_TROUBLE", self._name, reason)

    async def _intercept(self) -> None:
        if not self._state.shipment_id:
            self._state.interception = "refused"
            return
        request = UndoRequest(self._house.order_id, self._state.shipment_id, self._stop_reason())
        summary = f"ask the carrier to stop {self._state.waybill}"
        answer = await self._house.desk.partner(Ship.intercept_parcel, request, summary)
        self._state.interception = "asked" if answer.asked else "refused"

    def _ended(self) -> bool:
        return is_final(FULFILLMENT, FulfillmentStatus(self._state.status))

    def _to_be_stopped(self) -> bool:
        return bool(self._stop_reason()) and not self._state.interception
