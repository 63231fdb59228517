"""Ship: book a carrier and get the waybill; give a booking back; stop a parcel under way."""

from dataclasses import dataclass

from sqlalchemy import func, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from temporalio import activity

from activities import journal
from activities.pick import FulfillmentStep, lines_of, order_of
from activities.records import ship_to
from activities.undo import Undone, UndoRequest
from domain.errors import CarrierRefused
from domain.status import TrackingStatus
from integrations.tms import Booking, BookingRequest, Origin, ParcelSize, Tms, VoidResult
from models.database import Sessions
from models.fulfillment import FulfillmentOrderRow, ShipmentRow
from models.stock import LocationRow


@dataclass(frozen=True)
class BookingAnswer:
    """The shipment with its waybill, or why no carrier takes it (a short code)."""

    shipment_id: str = ""
    carrier: str = ""
    waybill: str = ""
    refusal: str = ""


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
        """Book the carrier that is wished for or that the TMS chooses. A refusal is an answer for a person."""
        shipment_id = f"{step.fulfillment_order_id}-S{step.round}"
        with self.sessions.begin() as session:
            request = _request(session, step, shipment_id)
        try:
            booking = self.tms.book(request, key=f"{shipment_id}:book")
        except CarrierRefused as refusal:
            return BookingAnswer(refusal=refusal.code)
        with self.sessions.begin() as session:
            _record_booking(session, step, shipment_id, booking)
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
        return Undone(result == VoidResult.VOIDED, result)

    @activity.defn(no_thread_cancel_exception=True)
    def intercept_parcel(self, undo: UndoRequest) -> InterceptionAnswer:
        """Ask the carrier to bring a parcel back."""
        answer = self.tms.intercept(undo.subject, undo.reason, key=f"{undo.subject}:intercept")
        with self.sessions.begin() as session:
            data = {"shipment_id": undo.subject, "asked": answer.asked}
            key = f"{undo.subject}:interception"
            journal.happened(session, undo.order_id, "shipment.interception_asked", key, data)
        return InterceptionAnswer(answer.asked)


def _request(session: Session, step: FulfillmentStep, shipment_id: str) -> BookingRequest:
    order = order_of(session, step.order_id)
    row = session.get_one(FulfillmentOrderRow, step.fulfillment_order_id)
    location = session.get_one(LocationRow, row.location_id)
    request = BookingRequest(
        shipment_id=shipment_id,
        fulfillment_order_id=step.fulfillment_order_id,
        order_id=order.order_id,
        channel_order_id=order.channel_order_id,
        origin=Origin(location_id=location.location_id, country=location.country, region=location.province),
        ship_to=ship_to(order),
        lines=lines_of(session, step.fulfillment_order_id),
        parcels=[ParcelSize(weight_grams=parcel["weight_grams"]) for parcel in row.parcels or []],
    )
    if wanted := order.instructions.get("carrier"):
        request["carrier"] = wanted
    return request


def _record_booking(session: Session, step: FulfillmentStep, shipment_id: str, booking: Booking) -> None:
    shipment = insert(ShipmentRow).values(
        shipment_id=shipment_id,
        carrier=booking.carrier,
        waybill=booking.waybill,
        tracking_status=TrackingStatus.PRE_TRANSIT,
    )
    session.execute(shipment.on_conflict_do_nothing())
    session.execute(
        update(FulfillmentOrderRow)
        .where(FulfillmentOrderRow.fulfillment_order_id == step.fulfillment_order_id)
        .values(shipment_id=shipment_id)
    )
    data = {"shipment_id": shipment_id, "carrier": booking.carrier, "waybill": booking.waybill}
    journal.happened(session, step.order_id, "shipment.booked", f"{shipment_id}:booked", data)
