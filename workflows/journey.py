"""Follow a parcel on the road until it is delivered, back or given up; have the carrier stop it on request."""

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

PARCEL_SILENT = "PARCEL_SILENT"
# The carrier cannot go on without help.
TROUBLE = (TrackingStatus.EXCEPTION, TrackingStatus.RETURN_TO_SENDER)


class Journey:
    """The last part of a fulfillment order.

    `hear_reports(what, wake)` waits for reports, or until `wake()`, and records them. `stop_reason()` says why the
    parcel is to come back; empty when it is not.
    """

    def __init__(
        self,
        order: OrderContext,
        state: FulfillmentState,
        hear_reports: Callable[[str, Callable[[], bool]], Awaitable[None]],
        stop_reason: Callable[[], str],
    ) -> None:
        self._order = order
        self._state = state
        self._name = state.fulfillment_order_id
        self.news = f"{self._name} news"
        self.mishap = Mishap(order, state)
        self._hear_reports = hear_reports
        self._stop_reason = stop_reason

    async def run(self) -> None:
        """Return when the parcel is delivered, back or given up."""
        if not self._ended():
            self._order.steps.set_deadline(self._name, "DELIVERY_LATE", "the delivery", self._order.deadlines.delivery)
        while not self._ended():
            if self._must_stop():
                await (self.mishap.give_up() if self._state.claimed else self._intercept())
            if kind := self._claim_reason():
                await self._order.steps.end_deadline(self.news)
                await self.mishap.claim(kind, wanted_back=bool(self._stop_reason()))
            await self._carry_out_decision()
            if not self._ended():
                await self._hear_reports(f"{self._state.waybill} to be delivered", self._must_act)
        await self._close()

    async def heard(self) -> None:
        """After each report, restart the deadline for news and alert a person where the carrier needs help."""
        road, state = self._state.road, self._state
        if state.status == FulfillmentStatus.SHIPPED and road.patience and (state.waits or not state.claimed):
            await self._order.steps.reset_deadline(self.news, PARCEL_SILENT, f"news of {state.waybill}", road.patience)
        if state.tracking in TROUBLE and road.trouble not in CLAIMED and not state.interception:
            await self._alert_once("PARCEL_TROUBLE", f"the carrier reports {state.tracking} for {state.waybill}")
        if road.too_many:
            await self._alert_once(
                "ATTEMPTS_FAILED", f"{road.attempts} times nobody took {state.waybill}: ask the customer"
            )
        if road.unsigned:
            await self._alert_once("NO_SIGNATURE", f"{state.waybill} was delivered and nobody signed for it")
        if road.found:
            await self._alert_once("TURNED_UP", f"the parcel {state.waybill} was given up and has turned up")

    async def _carry_out_decision(self) -> None:
        if self._state.decision is None:
            return
        await self.mishap.carry_out_decision()
        if not self._ended():
            patience = self._state.road.patience or self._order.deadlines.decision
            await self._order.steps.reset_deadline(self.news, PARCEL_SILENT, f"news of {self._state.waybill}", patience)

    async def _close(self) -> None:
        """End its deadlines and alerts, except those that only a person can settle."""
        self._state.decision = None
        for who in (self._name, self.news):
            await self._order.steps.end_deadline(who)
        await self.mishap.clear_alerts()
        for code in ("PARCEL_TROUBLE", "ATTEMPTS_FAILED"):
            if code in self._state.alerts:
                self._state.alerts.remove(code)
                await self._order.alert(code, self._name, "")

    async def _alert_once(self, code: str, reason: str) -> None:
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

    def _claim_reason(self) -> str:
        """Return why the parcel is to be claimed now: lost, damaged, silent, or empty."""
        silent = self._order.steps.is_late(self.news)
        if self._state.claimed:
            return self._state.claimed if self._state.waits and silent else ""
        trouble = self._state.road.trouble
        return trouble if trouble in CLAIMED else SILENT if silent else ""

    def _must_act(self) -> bool:
        return self._must_stop() or bool(self._claim_reason()) or self._state.decision is not None

    def _must_stop(self) -> bool:
        return bool(self._stop_reason()) and not self._state.interception
