"""Get a waybill for a fulfillment order: its own, or that of the parcel it shares with other orders."""

from collections.abc import Callable

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.holds import Holds, Release
    from activities.merge import ALONE, BOOK, BOOKED
    from activities.ship import Ship
    from domain.disputes import DISPUTED
    from domain.undo import UndoRequest
    from record import journal
    from record.shipping.fulfillment_orders import FulfillmentStep
    from workflows.compensations import UndoList
    from workflows.merging import Merging
    from workflows.messages import UnmergeRequest, VoidRequest
    from workflows.order_context import OrderContext
    from workflows.state import FulfillmentState


class Booking:
    """Books the carrier of one fulfillment order; `stopped()` is true once the fulfillment order is to end."""

    def __init__(
        self,
        order: OrderContext,
        state: FulfillmentState,
        undo: UndoList,
        merging: Merging,
        stopped: Callable[[], bool],
    ) -> None:
        self._order = order
        self._state = state
        self._undo = undo
        self._merging = merging
        self._stopped = stopped
        self.disputed = False
        """True if the last booking was not made since money is in dispute."""

    async def book(self) -> bool:
        """Try once to get a waybill. False when it must wait for the other orders of a shared parcel."""
        order_id, name = self._order.order_id, self._state.fulfillment_order_id
        standing = await self._merging.look() if self._state.merge_id else None
        if standing is None or standing.state == ALONE:
            await self._book(FulfillmentStep(order_id, name, self._state.bookings + 1))
        elif standing.state == BOOK:
            await self._book(FulfillmentStep(order_id, name, standing.round, standing.merge_id))
        elif standing.state == BOOKED:
            self._undo.add("waybill", standing.shipment_id)
            self._set_waybill(standing.shipment_id, standing.waybill)
        else:
            return False
        return True

    async def wait_for_dispute(self) -> None:
        """While money of the order is in dispute, wait for its decision, a release or a stop."""
        state, known = self._order.state, self._state.disputes_known
        await self._order.wait_for_release(DISPUTED, lambda: self._stopped() or state.disputes_heard != known)

    async def void_shared(self, shipment_id: str, request: UnmergeRequest) -> bool:
        """Void the booking of a shared parcel. False when the carrier has the parcel."""
        undo = UndoRequest(self._order.order_id, shipment_id, request.reason, request.actor)
        return (
            await self._order.steps.call_partner(Ship.void_waybill, undo, "void the waybill of the shared parcel")
        ).done

    async def void_own(self, request: VoidRequest) -> bool:
        """Void the booking, so that the parcel is booked again. False when the carrier has it."""
        undo = UndoRequest(self._order.order_id, request.shipment_id, request.reason, request.actor)
        summary = f"void the waybill {self._state.waybill}"
        return (await self._order.steps.call_partner(Ship.free_parcel, undo, summary)).done

    async def _book(self, step: FulfillmentStep) -> None:
        key, location = f"{step.merge_id or step.fulfillment_order_id}-S{step.round}", self._state.location_id
        self._undo.add("waybill", key)
        self.disputed, self._state.disputes_known = False, self._order.state.disputes_heard
        summary = f"book a carrier from {location}"
        answer = await self._order.steps.call_partner(Ship.book_shipment, step, summary, self._stopped)
        if not step.merge_id:
            self._state.bookings = step.round
        if answer.refusal == DISPUTED:
            await self._stay(step)
        elif answer.refusal:
            reason = f"no carrier takes the parcel from {location}: {answer.refusal}"
            await self._order.hold("CARRIER_REFUSED", reason, f"{step.fulfillment_order_id}:{step.round}")
        elif not answer.changed:
            self._set_waybill(answer.shipment_id, answer.waybill)
            await self._dispute_over()

    async def _stay(self, step: FulfillmentStep) -> None:
        """Hold the order whose money is in dispute. Of a shared parcel it is not known whose that is."""
        self.disputed = True
        if not step.merge_id:
            reason = f"the parcel from {self._state.location_id} stays here: money of the order is in dispute"
            key = f"{step.fulfillment_order_id}:disputed:{step.round}"
            await self._order.hold(DISPUTED, reason, key, "finance")

    async def _dispute_over(self) -> None:
        if DISPUTED in self._order.state.holds:
            release = Release(self._order.order_id, DISPUTED, journal.SYSTEM, "the dispute was won")
            summary = "release the hold: the dispute was won"
            self._order.set_holds(await self._order.steps.run_local(Holds.release_hold, release, summary))

    def _set_waybill(self, shipment_id: str, waybill: str) -> None:
        self._state.shipment_id, self._state.waybill = shipment_id, waybill
        self._order.show()
