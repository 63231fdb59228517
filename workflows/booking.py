"""Getting a waybill for a fulfillment order: its own, or that of the parcel it shares with other orders."""

from collections.abc import Callable

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.merge import ALONE, BOOK, BOOKED
    from activities.ship import Ship
    from domain.undo import UndoRequest
    from record.shipping.fulfillment_orders import FulfillmentStep
    from workflows.compensations import UndoList
    from workflows.house import House
    from workflows.merging import Merging
    from workflows.messages import UnmergeRequest, VoidRequest
    from workflows.state import FulfillmentState


class Booking:
    """`stopped()` is true once the fulfillment order is to end."""

    def __init__(
        self, house: House, state: FulfillmentState, undo: UndoList, merging: Merging, stopped: Callable[[], bool]
    ) -> None:
        self._house = house
        self._state = state
        self._undo = undo
        self._merging = merging
        self._stopped = stopped

    async def book(self) -> bool:
        """Try to get a waybill once. False when there is nothing to do but wait for the others of a shared parcel."""
        order_id, name = self._house.order_id, self._state.fulfillment_order_id
        standing = await self._merging.look() if self._state.merge_id else None
        if standing is None or standing.state == ALONE:
            await self._book(FulfillmentStep(order_id, name, self._state.bookings + 1))
        elif standing.state == BOOK:
            await self._book(FulfillmentStep(order_id, name, standing.round, standing.merge_id))
        elif standing.state == BOOKED:
            self._undo.add("waybill", standing.shipment_id)
            self._booked(standing.shipment_id, standing.waybill)
        else:
            return False
        return True

    async def void(self, shipment_id: str, request: UnmergeRequest) -> bool:
        """Give the booking of a shared parcel back. False when the carrier has the parcel."""
        undo = UndoRequest(self._house.order_id, shipment_id, request.reason, request.actor)
        return (await self._house.desk.partner(Ship.void_waybill, undo, "void the waybill of the shared parcel")).done

    async def free(self, request: VoidRequest) -> bool:
        """Give the booking back, so that the parcel is booked anew. False when the carrier has it."""
        undo = UndoRequest(self._house.order_id, request.shipment_id, request.reason, request.actor)
        summary = f"void the waybill {self._state.waybill}"
        return (await self._house.desk.partner(Ship.free_parcel, undo, summary)).done

    async def _book(self, step: FulfillmentStep) -> None:
        key, location = f"{step.merge_id or step.fulfillment_order_id}-S{step.round}", self._state.location_id
        self._undo.add("waybill", key)
        summary = f"book a carrier from {location}"
        answer = await self._house.desk.partner(Ship.book_shipment, step, summary, self._stopped)
        if not step.merge_id:
            self._state.bookings = step.round
        if answer.refusal:
            reason = f"no carrier takes the parcel from {location}: {answer.refusal}"
            await self._house.hold("CARRIER_REFUSED", reason, f"{step.fulfillment_order_id}:{step.round}")
        elif not answer.changed:
            self._booked(answer.shipment_id, answer.waybill)

    def _booked(self, shipment_id: str, waybill: str) -> None:
        self._state.shipment_id, self._state.waybill = shipment_id, waybill
        self._house.show()
