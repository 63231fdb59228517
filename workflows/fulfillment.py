"""One fulfillment order inside its order: release → pick → pack → ship → deliver, as a coroutine, not a child workflow.

It may be asked to stop at any time. Before the carrier has the parcel the work is called back; afterwards the carrier
is asked to intercept the parcel (workflows/journey.py).
"""

from collections.abc import Callable

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.pick import Pick
    from domain.status import FULFILLMENT, FulfillmentStatus, is_final
    from record import journal
    from record.shipping.fulfillment_orders import FulfillmentStep
    from workflows.booking import Booking
    from workflows.capturing import ParcelCapture
    from workflows.compensations import UndoList
    from workflows.journey import Journey
    from workflows.merging import Merging
    from workflows.messages import UnmergeRequest
    from workflows.order_context import OrderContext
    from workflows.pickup import NOT_FETCHED, Pickup
    from workflows.state import FulfillmentState
    from workflows.step_runner import Stopped
    from workflows.work_reports import GONE, WorkReports

Status = FulfillmentStatus
KEPT = "kept"
"""`interception` of work that its warehouse does not give back."""


class Fulfillment:
    def __init__(self, order: OrderContext, state: FulfillmentState) -> None:
        self.order = order
        self.state = state
        self.name = state.fulfillment_order_id
        self.undo = UndoList(order.order_id, state.undo, order.steps, order.deadlines)
        self.reports = WorkReports(order, state, self._follow_report)
        self.merging = Merging(order, state, lambda: self.reports.waiting or self.stopped())
        self.booking = Booking(order, state, self.undo, self.merging, self.stopped)
        self.capture = ParcelCapture(order, state, self.stopped, lambda: self.reports.waiting)
        # What an edit calls back is not stopped on the road.
        self.journey = Journey(order, state, self._hear_reports, lambda: "" if state.recall_only else self.stop_reason)
        self.pickup = Pickup(order, state, self._hear_reports, self.stopped)

    async def run(self) -> None:
        """Return when it has ended: delivered, canceled or rejected. Steps that were taken before are skipped."""
        self.undo.add("allocation", self.name)
        while not await self._reach_carrier():
            if self.ended:
                return
        if self.state.status in GONE:
            await self.capture.when_gone()
        await self.journey.run()

    def stop(self, reason: str, *, canceled: bool = False, recall_only: bool = False) -> None:
        """Ask it to stop; an empty reason lets it go on. `reaction` says what became of the request.

        With `recall_only` it goes on if it has left, or if its carrier or warehouse does not give it back.
        """
        if self.state.interception == KEPT:
            self.state.interception = ""
        self.state.stop_reason, self.state.canceled, self.state.recall_only = reason, canceled, recall_only

    @property
    def stop_reason(self) -> str:
        return self.state.stop_reason

    @property
    def ended(self) -> bool:
        return is_final(FULFILLMENT, Status(self.state.status))

    @property
    def reaction(self) -> str:
        """What became of the request to stop: recalled, asked (the carrier), refused or delivered; empty if unknown."""
        if self.state.status == Status.DELIVERED:
            return "delivered"
        if self.ended:
            return "recalled"
        return "refused" if self.state.interception == KEPT else self.state.interception

    @property
    def recall_settled(self) -> bool:
        """True when it is certain whether it was called back before it left."""
        gone = self.state.status in GONE or self.state.interception == KEPT
        return self.ended or gone or not self.stop_reason

    async def leave_merge(self, request: UnmergeRequest) -> bool:
        """Leave a shared parcel and travel alone. False when the carrier has the parcel."""
        shipment_id = await self.merging.leave(request.reason, request.actor)
        return not shipment_id or await self.booking.void_shared(shipment_id, request)

    @property
    def shares_parcel(self) -> bool:
        """True if it is part of a merge and not shipped yet."""
        return bool(self.state.merge_id) and self.state.status not in (Status.SHIPPED, Status.DELIVERED)

    async def hear_late_reports(self) -> None:
        """Record reports on a parcel that was given up, while the order is open: the parcel may turn up."""
        while True:
            await workflow.wait_condition(lambda: self.reports.waiting)
            await self.reports.record()

    async def _reach_carrier(self) -> bool:
        """Take all steps up to the carrier. False when it was called back, or its warehouse keeps it: then take the
        remaining steps."""
        try:
            if self.order.minds_changes and self.state.status not in GONE:
                self._stop_if_asked()
            await self._gather_merge()
            await self._wait_for_wave()
            await self._release()
            await self._wait_for_packing()
            await (self._wait_for_pickup() if self.state.pickup else self._hand_over())
        except Stopped:
            return not await self._call_back() and self.state.interception != KEPT
        return True

    async def _gather_merge(self) -> None:
        """Wait for orders of the same receiver, where the channel wants that."""
        if self.state.status != Status.OPEN:
            return
        await self.merging.join()
        while self.state.merge_until:
            self._stop_if_asked()
            await self.merging.gather()
            await self.reports.record()
            if self.state.merge_until:
                await self.merging.look()

    async def _wait_for_wave(self) -> None:
        """Wait for the location's wave. The relay signals its release, so no timer runs here."""
        while self.state.wave_at and self.state.status == Status.OPEN:
            self._stop_if_asked()
            what = f"the wave of {self.state.location_id} at {self.state.wave_at[:16]} UTC"
            await self._hear_reports(what, wake=lambda: self.stopped() or not self.state.wave_at)

    async def _release(self) -> None:
        self.order.steps.set_deadline(
            self.name, "PICK_LATE", f"the pick at {self.state.location_id}", self.order.deadlines.pick
        )
        if self.state.status != Status.OPEN:
            return
        self.undo.add("pick", self.name)
        step = FulfillmentStep(self.order.order_id, self.name)
        summary = f"ask {self.state.location_id} to pick {self.state.units} units"
        answer = await self.order.steps.call_partner(Pick.release_to_pick, step, summary, self.stopped)
        self.state.status = answer.status

    async def _wait_for_packing(self) -> None:
        """Wait until it is packed and the picked units are known; the two reports come in either order."""
        what = f"{self.state.location_id} to pick and pack {self.state.units} units"
        while self.state.status in (Status.RELEASED, Status.PICKING, Status.PICKED) or (
            self.state.status == Status.PACKED and self.state.picked_units is None
        ):
            await self._hear_reports(what)
        await self.order.steps.end_deadline(self.name)

    async def _hand_over(self) -> None:
        """Book a carrier and wait until it has the parcel. The booking of a shared parcel may be voided meanwhile."""
        if self.state.status == Status.PACKED:
            self.order.steps.set_deadline(
                self.name, "SHIP_LATE", "the handover to a carrier", self.order.deadlines.ship
            )
        while self.state.status == Status.PACKED:
            if self.capture.due:
                await self._capture()
                continue
            if self.state.waybill:
                await self._hear_reports(f"the carrier to collect {self.state.waybill}")
                continue
            await self.order.wait_for_release("CARRIER_REFUSED", self.stopped if self.order.minds_changes else None)
            await self.booking.wait_for_dispute()
            self._stop_if_asked()
            if not await self.booking.book():
                await self._hear_reports("the orders that share its parcel")
            elif self.booking.disputed and self.shares_parcel:
                await self.leave_merge(UnmergeRequest(journal.SYSTEM, "money is in dispute"))
        await self.order.steps.end_deadline(self.name)

    async def _capture(self) -> None:
        """Capture what it costs before anybody books or takes it; a shared parcel goes without it if that fails."""
        if not await self.capture.attempt() and self.shares_parcel:
            await self.leave_merge(UnmergeRequest(journal.SYSTEM, "nothing is captured for it"))
        await self.reports.record()
        self._stop_if_asked()

    async def _wait_for_pickup(self) -> None:
        """Wait until the customer has fetched it; cancel the order when nobody comes in time."""
        if not await self.pickup.wait():
            self.order.cancel(NOT_FETCHED)
            self.stop(NOT_FETCHED, canceled=True)
        self._stop_if_asked()
        await self.order.steps.end_deadline(self.name)

    async def _call_back(self) -> bool:
        """Undo what was done for it, newest first. False when the parcel is on its way, or the warehouse keeps it."""
        await self.order.steps.end_deadline(self.name)
        # A report that came meanwhile may say that the goods have shipped.
        await (self.reports.look() if self.order.hears_outcomes else self.reports.record())
        if self.state.status in GONE:
            return False
        if shipment_id := await self.merging.leave(self.stop_reason):
            self.undo.add("waybill", shipment_id)
        if not await self.undo.run_while_possible(self.stop_reason):
            # If the waybill could not be voided, the carrier has the parcel and is asked to bring it back.
            if self.order.minds_changes and not self.undo.has("waybill"):
                self._keep_going()
            elif self.state.recall_only:
                self.state.interception = KEPT
            return False
        self.state.status = Status.CANCELED
        if self.order.minds_changes:
            self._forget_waybill()
        await self.reports.alert_silence("")
        return True

    def _keep_going(self) -> None:
        """The warehouse does not give it back: go on, with a new booking."""
        self.state.interception, self.state.ready = KEPT, False
        self._forget_waybill()

    def _forget_waybill(self) -> None:
        self.state.shipment_id = self.state.waybill = ""

    async def _hear_reports(self, what: str, wake: Callable[[], bool] | None = None) -> None:
        """Wait for reports of the warehouse or carrier and record them; also return on `wake()`, by default a stop."""
        woken = wake or self.stopped
        await self.order.steps.wait(self.name, what, lambda: self.reports.waiting or woken())
        if wake is None:
            self._stop_if_asked()
        await self.reports.record()

    async def _follow_report(self) -> None:
        await self.journey.heard()

    def stopped(self) -> bool:
        """True if it was asked to stop and its warehouse has not refused."""
        return bool(self.stop_reason) and self.state.interception != KEPT

    def _stop_if_asked(self) -> None:
        if self.stopped():
            raise Stopped
