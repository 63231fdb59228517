"""One fulfillment order inside its order: release → pick → pack → ship → deliver, as a coroutine, not a child workflow.

Whatever it waits for it may be told to stop; before the carrier has the parcel that means calling it back, afterwards
asking the carrier to intercept it (workflows/journey.py).
"""

from collections.abc import Callable

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.pick import Pick
    from activities.progress import Progress, ProgressReports, Reports
    from domain.status import FULFILLMENT, FulfillmentStatus, is_final
    from record.shipping.fulfillment_orders import FulfillmentStep
    from workflows.booking import Booking
    from workflows.compensations import UndoList
    from workflows.journey import Journey
    from workflows.merging import Merging
    from workflows.messages import PartnerEvent, UnmergeRequest
    from workflows.order_context import OrderContext
    from workflows.pickup import NOT_FETCHED, Pickup
    from workflows.state import FulfillmentState
    from workflows.step_runner import Stopped

Status = FulfillmentStatus
GONE = (Status.SHIPPED, Status.DELIVERED)
KEPT = "kept"
"""The interception of work that its warehouse does not take back."""
# What the record says when asking a partner has not helped (activities/inquiries.py), and what people read.
SILENCES = {
    "fulfillment_order.forgotten": "the warehouse does not know of the work any more, though it was told again",
    "fulfillment_order.unreported": "the warehouse has done more than it has reported: ask for its reports",
    "shipment.forgotten": "the carriers' desk does not know of the booking any more: void it, or ask the carrier",
}


class Fulfillment:
    def __init__(self, order: OrderContext, state: FulfillmentState) -> None:
        self.order = order
        self.state = state
        self.name = state.fulfillment_order_id
        self.undo = UndoList(order.order_id, state.undo, order.steps, order.deadlines)
        self.merging = Merging(order, state, lambda: bool(state.inbox) or self.stopped())
        self.booking = Booking(order, state, self.undo, self.merging, self.stopped)
        self.journey = Journey(order, state, self._reports, lambda: self.stop_reason)
        self.pickup = Pickup(order, state, self._reports, self.stopped)

    async def run(self) -> None:
        """Return when it has ended: delivered, canceled or rejected. Each step is left out when it was taken before."""
        self.undo.add("allocation", self.name)
        while not await self._left():
            if self.ended:
                return
        await self.journey.run()

    def stop(self, reason: str, *, canceled: bool = False) -> None:
        """Ask it to end, or with no reason to go on. `reaction` says what became of that."""
        if self.state.interception == KEPT:
            self.state.interception = ""
        self.state.stop_reason, self.state.canceled = reason, canceled

    @property
    def stop_reason(self) -> str:
        return self.state.stop_reason

    @property
    def ended(self) -> bool:
        return is_final(FULFILLMENT, Status(self.state.status))

    @property
    def reaction(self) -> str:
        """Empty while it is not known; `recalled`, `asked` (the carrier was), `refused` or `delivered`."""
        if self.state.status == Status.DELIVERED:
            return "delivered"
        if self.ended:
            return "recalled"
        return "refused" if self.state.interception == KEPT else self.state.interception

    async def part(self, request: UnmergeRequest) -> bool:
        """Leave a shared parcel, so that it travels by itself. False when the carrier has the parcel."""
        shipment_id = await self.merging.leave(request.reason, request.actor)
        return not shipment_id or await self.booking.void_shared(shipment_id, request)

    @property
    def shares(self) -> bool:
        """Whether it waits for others or travels with them, and has not left yet."""
        return bool(self.state.merge_id) and self.state.status not in (Status.SHIPPED, Status.DELIVERED)

    async def late_news(self) -> None:
        """Hear of a parcel that was given up, for as long as the order is open: it may turn up."""
        while True:
            await workflow.wait_condition(lambda: bool(self.state.inbox))
            await self._apply()

    async def _left(self) -> bool:
        """See it out of the house. False when it was called back, or is kept by its warehouse and begins where it
        stands."""
        try:
            if self.order.minds_changes and self.state.status not in GONE:
                self._stop_if_asked()
            await self._meet_others()
            await self._wave_released()
            await self._release()
            await self._picked_and_packed()
            await (self._fetched() if self.state.pickup else self._handed_over())
        except Stopped:
            return not await self._called_back() and self.state.interception != KEPT
        return True

    async def _meet_others(self) -> None:
        """Wait for orders of the same receiver, where the channel wants that."""
        if self.state.status != Status.OPEN:
            return
        await self.merging.join()
        while self.state.merge_until:
            self._stop_if_asked()
            await self.merging.gather()
            await self._apply()
            if self.state.merge_until:
                await self.merging.look()

    async def _wave_released(self) -> None:
        """Wait for the wave of the location. The relay says when it is released, so no timer runs for it here."""
        while self.state.wave_at and self.state.status == Status.OPEN:
            self._stop_if_asked()
            what = f"the wave of {self.state.location_id} at {self.state.wave_at[:16]} UTC"
            await self._reports(what, wake=lambda: self.stopped() or not self.state.wave_at)

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

    async def _picked_and_packed(self) -> None:
        """Packed is not enough: what was found must be known too, and the two reports come in any order."""
        what = f"{self.state.location_id} to pick and pack {self.state.units} units"
        while self.state.status in (Status.RELEASED, Status.PICKING, Status.PICKED) or (
            self.state.status == Status.PACKED and self.state.picked_units is None
        ):
            await self._reports(what)
        await self.order.steps.end_deadline(self.name)

    async def _handed_over(self) -> None:
        """Book a carrier and wait until it has the parcel. A booking may be lost again while the parcel is shared."""
        if self.state.status == Status.PACKED:
            self.order.steps.set_deadline(
                self.name, "SHIP_LATE", "the handover to a carrier", self.order.deadlines.ship
            )
        while self.state.status == Status.PACKED:
            if self.state.waybill:
                await self._reports(f"the carrier to collect {self.state.waybill}")
                continue
            await self.order.wait_for_release("CARRIER_REFUSED", self.stopped if self.order.minds_changes else None)
            self._stop_if_asked()
            if not await self.booking.book():
                await self._reports("the orders that share its parcel")
        await self.order.steps.end_deadline(self.name)

    async def _fetched(self) -> None:
        """Wait until the customer has it. Nobody is waited for for ever: then the order is canceled."""
        if not await self.pickup.fetched():
            self.order.cancel(NOT_FETCHED)
            self.stop(NOT_FETCHED, canceled=True)
        self._stop_if_asked()
        await self.order.steps.end_deadline(self.name)

    async def _called_back(self) -> bool:
        """Undo what was done for it, newest first. False when it is too late: the parcel is on its way."""
        await self.order.steps.end_deadline(self.name)
        # A report that came in the meantime may say that the goods have left.
        await self._apply()
        if self.state.status in GONE:
            return False
        if shipment_id := await self.merging.leave(self.stop_reason):
            self.undo.add("waybill", shipment_id)
        if not await self.undo.run_while_possible(self.stop_reason):
            # A waybill that stands is one whose carrier has the parcel: it is asked to bring it back.
            if self.order.minds_changes and not self.undo.has("waybill"):
                self._is_kept()
            return False
        self.state.status = Status.CANCELED
        if self.order.minds_changes:
            self._without_waybill()
        await self._silent("")
        return True

    def _is_kept(self) -> None:
        """Its warehouse does not give it back: it goes its way, with a carrier that is booked anew."""
        self.state.interception, self.state.ready = KEPT, False
        self._without_waybill()

    def _without_waybill(self) -> None:
        self.state.shipment_id = self.state.waybill = ""

    async def _reports(self, what: str, wake: Callable[[], bool] | None = None) -> None:
        """Wait for reports of warehouse or carrier and write them down."""
        woken = wake or self.stopped
        await self.order.steps.wait(self.name, what, lambda: bool(self.state.inbox) or woken())
        if wake is None:
            self._stop_if_asked()
        await self._apply()

    async def _apply(self) -> None:
        if not self.state.inbox:
            return
        events: list[PartnerEvent] = list(self.state.inbox)
        self.state.inbox.clear()
        names = ", ".join(dict.fromkeys(event.type.partition(".")[2] for event in events))
        reports = Reports(self.order.order_id, self.name, [(event.partner, event.event_id) for event in events])
        progress = await self.order.steps.run_local(ProgressReports.record_progress, reports, f"record: {names}")
        self._take(progress)
        if progress.parcels_differ != self.state.parcels_differ:
            # A corrected report ends the alert.
            self.state.parcels_differ = progress.parcels_differ
            await self.order.alert("PARCELS_DIFFER", self.name, self.state.parcels_differ)
        await self._silent(next((SILENCES[event.type] for event in events if event.type in SILENCES), ""))
        await self.journey.heard()

    async def _silent(self, why: str) -> None:
        """Call a person where a partner is silent for good; other news of it, or its end, are the end of that."""
        if why != self.state.silent:
            self.state.silent = why
            await self.order.alert("PARTNER_SILENT", self.name, why and f"{self.state.location_id}: {why}")

    def _take(self, progress: Progress) -> None:
        told = self.state.status != progress.status == Status.SHIPPED or progress.status == Status.DELIVERED
        self.state.status, self.state.tracking = progress.status, progress.tracking
        self.state.picked_units, self.state.pickup_locked = progress.picked_units, progress.pickup_locked
        self.state.shipment_id, self.state.waybill = progress.shipment_id, progress.waybill
        self.state.merge_id, self.state.travels_with = progress.merge_id, progress.others
        attempts, self.state.road = self.state.road.attempts, progress.road
        if progress.short_units > self.state.short_units:
            self.state.short_units = progress.short_units
            self.order.source_again()
        if progress.interception_refused:
            self.state.interception = "refused"
        if told or self.state.road.attempts > attempts:
            self.order.telling.tell()

    def stopped(self) -> bool:
        """Whether it is to end and has not said yet that it cannot."""
        return bool(self.stop_reason) and self.state.interception != KEPT

    def _stop_if_asked(self) -> None:
        if self.stopped():
            raise Stopped
