"""Ship: book a carrier and get the waybill; give a booking back; stop a parcel under way."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from temporalio import activity

from activities import journal, merges
from activities.instructions import FOR_CARRIER, some_of
from activities.pick import FulfillmentStep, lines_of, order_of
from activities.records import ship_to
from activities.undo import Undone, UndoRequest
from domain.errors import CarrierRefused
from domain.status import TrackingStatus
from integrations.http import Line
from integrations.tms import Booking, BookingRequest, Origin, ParcelSize, Tms, VoidResult
from models.database import Sessions
from models.fulfillment import FulfillmentOrderRow, ShipmentRow
from models.stock import LocationRow


@dataclass(frozen=True)
class BookingAnswer:
    """The shipment with its waybill, or why no carrier takes it (a short code). `changed`: look at the merge again."""

    shipment_id: str = ""
    carrier: str = ""
    waybill: str = ""
    refusal: str = ""
    changed: bool = False


@dataclass(frozen=True)
class InterceptionAnswer:
    """Whether the carrier will try. What becomes of it comes by webhook."""

    asked: bool


class Ship:
    def __init__(self, sessions: Sessions, tms: Tms) -> None:
        self.sessions = sessions
        self.tms = tms

    @activity.defn(no_thread_cancel_exception=True)
    def book_shipment(self, step: FulfillmentStep) -> BookingAnswer:
        """Book the carrier that is wished for or that the TMS chooses. A refusal is an answer for a person.

        A shared parcel that is not the same any more, because an order left it, is not booked, or given back.
        """
        shipment_id = f"{step.merge_id or step.fulfillment_order_id}-S{step.round}"
        with self.sessions.begin() as session:
            parcel = _parcel(session, step, shipment_id)
            request = _request(session, step, parcel, shipment_id)
        if not parcel:
            return self._give_back(shipment_id)
        try:
            booking = self.tms.book(request, key=f"{shipment_id}:book")
        except CarrierRefused as refusal:
            with self.sessions.begin() as session:
                merges.begin_round(session, step.merge_id, after=step.round)
            return BookingAnswer(refusal=refusal.code)
        with self.sessions.begin() as session:
            parcel = _parcel(session, step, shipment_id)
            _record_booking(session, parcel, shipment_id, booking)
            merges.booked(session, step.merge_id, parcel, shipment_id, step.fulfillment_order_id)
        if not parcel:
            return self._give_back(shipment_id)
        return BookingAnswer(shipment_id, booking.carrier, booking.waybill)

    @activity.defn(no_thread_cancel_exception=True)
    def void_waybill(self, undo: UndoRequest) -> Undone:
        """Give the booking back, so that the carrier does not come."""
        result = self.tms.void(undo.subject, undo.reason, key=f"{undo.subject}:void")
        if result == VoidResult.VOIDED:
            with self.sessions.begin() as session:
                where = ShipmentRow.shipment_id == undo.subject, ShipmentRow.voided_at.is_(None)
                if session.scalar(update(ShipmentRow).where(*where).values(voided_at=func.now()).returning(func.now())):
                    data = {"shipment_id": undo.subject}
                    journal.happened(session, undo.order_id, "shipment.voided", f"{undo.subject}:voided", data)
                    merges.take_apart(session, undo)
        return Undone(result == VoidResult.VOIDED, result)

    @activity.defn(no_thread_cancel_exception=True)
    def intercept_parcel(self, undo: UndoRequest) -> InterceptionAnswer:
        """Ask the carrier to bring a parcel back. Not one with goods of other orders: these are on their way."""
        with self.sessions() as session:
            shared = _shared(session, undo)
        asked = not shared and self.tms.intercept(undo.subject, undo.reason, key=f"{undo.subject}:intercept").asked
        with self.sessions.begin() as session:
            data = {"shipment_id": undo.subject, "asked": asked, "shared": shared}
            key = f"{undo.subject}:interception"
            journal.happened(session, undo.order_id, "shipment.interception_asked", key, data)
        return InterceptionAnswer(asked)

    def _give_back(self, shipment_id: str) -> BookingAnswer:
        """A booking that nobody wants any more, or that may still come to the carrier."""
        self.tms.void(shipment_id, "the parcel has changed", key=f"{shipment_id}:changed")
        return BookingAnswer(changed=True)


def _parcel(session: Session, step: FulfillmentStep, shipment_id: str) -> Sequence[FulfillmentOrderRow]:
    """What is in the parcel; nothing when it is shared and not as it was when the step was decided on."""
    if not step.merge_id:
        return [session.get_one(FulfillmentOrderRow, step.fulfillment_order_id)]
    together = merges.members(session, step.merge_id, lock=True)
    merge = merges.lock_merge(session, step.merge_id)
    right = merge.round == step.round and merge.shipment_id in (None, shipment_id)
    return together if right else []


def _shared(session: Session, undo: UndoRequest) -> bool:
    other = select(FulfillmentOrderRow.order_id).where(
        FulfillmentOrderRow.shipment_id == undo.subject, FulfillmentOrderRow.order_id != undo.order_id
    )
    return session.scalar(other.limit(1)) is not None


def _request(
    session: Session, step: FulfillmentStep, parcel: Sequence[FulfillmentOrderRow], shipment_id: str
) -> BookingRequest:
    order = order_of(session, step.order_id)
    row = session.get_one(FulfillmentOrderRow, step.fulfillment_order_id)
    location = session.get_one(LocationRow, row.location_id)
    units = Counter[str]()
    for one in parcel:
        units.update({line["sku"]: line["quantity"] for line in lines_of(session, one.fulfillment_order_id)})
    request = BookingRequest(
        shipment_id=shipment_id,
        fulfillment_order_id=step.fulfillment_order_id,
        fulfillment_order_ids=[one.fulfillment_order_id for one in parcel],
        order_id=order.order_id,
        channel_order_id=order.channel_order_id,
        origin=Origin(location_id=location.location_id, country=location.country, region=location.province),
        ship_to=ship_to(order),
        lines=[Line(sku=sku, quantity=quantity) for sku, quantity in sorted(units.items())],
        parcels=[ParcelSize(weight_grams=box["weight_grams"]) for one in parcel for box in one.parcels or []],
    )
    if wanted := order.instructions.get("carrier"):
        request["carrier"] = wanted
    if wishes := some_of(order.instructions, FOR_CARRIER):
        request["instructions"] = wishes
    return request


def _record_booking(
    session: Session, parcel: Sequence[FulfillmentOrderRow], shipment_id: str, booking: Booking
) -> None:
    if not parcel:
        return
    shipment = insert(ShipmentRow).values(
        shipment_id=shipment_id,
        carrier=booking.carrier,
        waybill=booking.waybill,
        tracking_status=TrackingStatus.PRE_TRANSIT,
    )
    session.execute(shipment.on_conflict_do_nothing())
    data = {"shipment_id": shipment_id, "carrier": booking.carrier, "waybill": booking.waybill}
    for row in parcel:
        row.shipment_id = shipment_id
        journal.happened(session, row.order_id, "shipment.booked", f"{shipment_id}:booked", data)
