"""The label of a return: have a carrier fetch the goods from the customer; and void it."""

from dataclasses import dataclass

from sqlalchemy.orm import Session
from temporalio import activity

from domain import milestones
from domain.errors import CarrierRefused
from domain.returns.requests import BookLabelRequest, VoidLabelRequest
from domain.status import ReturnStatus
from integrations.bookings import Place, ReturnBookingRequest, VoidResult
from integrations.http import Line
from integrations.tms import Tms
from models.database import Sessions
from models.returns import ReturnRow
from models.stock import LocationRow
from record import journal
from record.order_mapping import order_of, ship_to
from record.returns import cases


@dataclass(frozen=True)
class LabelAnswer:
    """The waybill, or why no carrier fetches the goods (a short code): then the customer sends them herself."""

    waybill: str = ""
    refusal: str = ""


class ReturnLabels:
    def __init__(self, sessions: Sessions, tms: Tms) -> None:
        self.sessions = sessions
        self.tms = tms

    @activity.defn(no_thread_cancel_exception=True)
    def book_label(self, request: BookLabelRequest) -> LabelAnswer:
        """Book a carrier to fetch the goods from the customer; once for each case."""
        with self.sessions.begin() as session:
            row = cases.lock_return(session, request.return_id)
            if row.waybill:
                return LabelAnswer(row.waybill)
            row.location_id = row.location_id or cases.goes_back_to(session, row.order_id)
            booking_request = _booking_request(session, row)
        try:
            booking = self.tms.book_return(booking_request, key=f"{request.return_id}:label")
        except CarrierRefused as refused:
            return LabelAnswer(refusal=refused.code)
        with self.sessions.begin() as session:
            row = cases.lock_return(session, request.return_id)
            row.carrier, row.waybill = booking.carrier, booking.waybill
            if row.status == ReturnStatus.APPROVED:
                cases.advance_return(session, row, ReturnStatus.LABEL_ISSUED, "")
                data = {"return_id": row.return_id, "carrier": booking.carrier, "waybill": booking.waybill}
                journal.announce(session, row.order_id, milestones.RETURN_LABEL, data, subject=row.return_id)
        return LabelAnswer(booking.waybill)

    @activity.defn(no_thread_cancel_exception=True)
    def void_label(self, request: VoidLabelRequest) -> bool:
        """Void the label. False if the carrier has the goods already. Safe when none was booked."""
        with self.sessions.begin() as session:
            if cases.lock_return(session, request.return_id).waybill is None:
                return True
        key = f"{request.return_id}:void"
        return self.tms.void_return(request.return_id, request.reason, key) is VoidResult.VOIDED


def _booking_request(session: Session, row: ReturnRow) -> ReturnBookingRequest:
    order = order_of(session, row.order_id)
    place = session.get_one(LocationRow, row.location_id)
    return ReturnBookingRequest(
        return_id=row.return_id,
        order_id=order.order_id,
        channel_order_id=order.channel_order_id,
        ship_from=ship_to(order),
        to=Place(location_id=place.location_id, country=place.country, region=place.province),
        lines=[Line(sku=sku, quantity=units) for sku, units in sorted(cases.by_sku(session, row).items())],
    )
