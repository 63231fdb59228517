"""A parcel on the road: followed until it is delivered, back or given up, and stopped where the carrier still can."""

from collections.abc import Awaitable, Callable

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.ship import Ship
    from domain.parcel_problems import CLAIMED, SILENT
    from domain.status import FULFILLMENT, FulfillmentStatus, TrackingStatus, is_final
    from domain.undo import UndoRequest
    from workflows.mishap import Mishap
    from workflows.order_context import OrderContext
    from workflows.state import FulfillmentState

# What a carrier says when it cannot go on by itself.
TROUBLE = (TrackingStatus.EXCEPTION, TrackingStatus.RETURN_TO_SENDER)


class Journey:
    """The last part of a fulfillment order. `reports(what, wake)` waits for news and writes it down; `stop_reason()`
    says why the parcel is to come back, or nothing."""

    def __init__(
        self,
        order: OrderContext,
        state: FulfillmentState,
        reports: Callable[[str, Callable[[], bool]], Awaitable[None]],
        stop_reason: Callable[[], str],
    ) -> None:
        self._order = order
        self._state = state
        self._name = state.fulfillment_order_id
        self._news = f"{self._name} news"
        self.mishap = Mishap(order, state)
        self._reports = reports
        self._stop_reason = stop_reason

    async def run(self) -> None:
        """Follow the parcel until it is delivered, back or given up; a stop now means interception."""
        if not self._ended():
            self._order.steps.set_deadline(self._name, "DELIVERY_LATE", "the delivery", self._order.deadlines.delivery)
        while not self._ended():
            if self._to_be_stopped():
                await (self.mishap.give_up() if self._state.claimed else self._intercept())
            if kind := self._missing():
                await self._order.steps.end_deadline(self._news)
                await self.mishap.see_to(kind, wanted_back=bool(self._stop_reason()))
            await self._decided()
            if not self._ended():
                await self._reports(f"{self._state.waybill} to be delivered", self._to_act)
        await self._arrived()

    async def heard(self) -> None:
        """Call a person for what the carrier cannot do by itself, unless it was asked to bring the parcel back."""
        road, state = self._state.road, self._state
        if state.status == FulfillmentStatus.SHIPPED and road.patience and (state.waits or not state.claimed):
            await self._order.steps.reset_deadline(
                self._news, "PARCEL_SILENT", f"news of {state.waybill}", road.patience
            )
        if state.tracking in TROUBLE and road.trouble not in CLAIMED and not state.interception:
            await self._call("PARCEL_TROUBLE", f"the carrier reports {state.tracking} for {state.waybill}")
        if road.too_many:
            await self._call("ATTEMPTS_FAILED", f"{road.attempts} times nobody took {state.waybill}: ask the customer")
        if road.unsigned:
            await self._call("NO_SIGNATURE", f"{state.waybill} was delivered and nobody signed for it")
        if road.found:
            await self._call("TURNED_UP", f"the parcel {state.waybill} was given up and has turned up")

    async def _decided(self) -> None:
        if self._state.decision is None:
            return
        await self.mishap.decided()
        if not self._ended():
            patience = self._state.road.patience or self._order.deadlines.decision
            await self._order.steps.reset_deadline(
                self._news, "PARCEL_SILENT", f"news of {self._state.waybill}", patience
            )

    async def _arrived(self) -> None:
        """Nothing is awaited of it any more; what only a person can mend stays in view."""
        self._state.decision = None
        for who in (self._name, self._news):
            await self._order.steps.end_deadline(who)
        await self.mishap.over()
        for code in ("PARCEL_TROUBLE", "ATTEMPTS_FAILED"):
            if code in self._state.alerts:
                self._state.alerts.remove(code)
                await self._order.alert(code, self._name, "")

    async def _call(self, code: str, reason: str) -> None:
        if code not in self._state.alerts:
            self._state.alerts.append(code)
            await self._order.alert(code, self._name, reason)

    async def _intercept(self) -> None:
        if not self._state.shipment_id:
            self._state.interception = "refused"
            return
        request = UndoRequest(self._order.order_id, self._state.shipment_id, self._stop_reason())
        summary = f"ask the carrier to stop {self._state.waybill}"
        answer = await self._order.steps.call_partner(Ship.intercept_parcel, request, summary)
        self._state.interception = "asked" if answer.asked else "refused"

    def _ended(self) -> bool:
        return is_final(FULFILLMENT, FulfillmentStatus(self._state.status))

    def _missing(self) -> str:
        """Why the parcel is to be claimed now (lost, damaged or silent), or empty."""
        silent = self._order.steps.is_late(self._news)
        if self._state.claimed:
            return self._state.claimed if self._state.waits and silent else ""
        trouble = self._state.road.trouble
        return trouble if trouble in CLAIMED else SILENT if silent else ""

    def _to_act(self) -> bool:
        return self._to_be_stopped() or bool(self._missing()) or self._state.decision is not None

    def _to_be_stopped(self) -> bool:
        return bool(self._stop_reason()) and not self._state.interception
