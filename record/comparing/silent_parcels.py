"""Booked parcels that the TMS has not reported on."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from domain.errors import CarrierRefused
from domain.statements import Entry
from domain.status import TrackingStatus
from domain.tracking import follows
from integrations.bookings import BookingRequest
from integrations.tms import Tms
from models.database import Sessions
from models.fulfillment import AT_CARRIER, SILENT_SINCE, BookingRow, ShipmentRow
from record import journal
from record.comparing.asking import forgotten, told_again_key
from record.comparing.mending import tracking
from record.messages.partner_events import NewEvent
from record.shipping import bookings, parcels
from record.shipping.fulfillment_orders import FulfillmentStep

# Parcels with newer reports are put back until those are old.
HEARD = text(f"""
    UPDATE fulfillment_orders AS f SET asked_at = now() FROM (
        SELECT fulfillment_order_id FROM fulfillment_orders
        WHERE {AT_CARRIER} AND {SILENT_SINCE} <= :before ORDER BY {SILENT_SINCE} LIMIT :at_once) AS old
    JOIN fulfillment_orders AS o USING (fulfillment_order_id) JOIN shipments AS s USING (shipment_id)
    WHERE f.fulfillment_order_id = old.fulfillment_order_id
      AND (s.voided_at IS NOT NULL OR greatest(s.tracked_at, s.booked_at) > :before)
    RETURNING f.fulfillment_order_id
""")
FIND = text(f"""
    SELECT f.fulfillment_order_id, f.shipment_id AS subject, f.order_id, f.merge_id, s.waybill
    FROM (SELECT * FROM fulfillment_orders
          WHERE {AT_CARRIER} AND {SILENT_SINCE} <= :before ORDER BY {SILENT_SINCE} LIMIT :at_once) AS f
    JOIN shipments AS s USING (shipment_id)
""")
Request = tuple[BookingRequest, str, str]


class SilentParcels:
    def __init__(self, sessions: Sessions, tms: Tms) -> None:
        self.sessions = sessions
        self.tms = tms

    def find(self, session: Session, before: datetime, limit: int) -> Sequence[Row[Any]]:
        while session.execute(HEARD, {"before": before, "at_once": limit}).all():
            session.commit()
        return session.execute(FIND, {"before": before, "at_once": limit}).all()

    def listed_elsewhere(self, row: Row[Any]) -> bool:
        return False

    def news(self, session: Session, row: Row[Any], entry: Entry, before: datetime) -> list[NewEvent]:
        """Return tracking where the carrier is further than we know."""
        shipment = session.get_one(ShipmentRow, row.subject)
        now, since = shipment.tracking_status, shipment.tracked_at
        new = entry.status != now and entry.status in set(TrackingStatus)
        if not new or not follows(TrackingStatus(entry.status), entry.at, now, since):
            return []
        return [tracking(shipment, entry)]

    def tell_again(self, row: Row[Any]) -> list[NewEvent]:
        """Repeat the booking under its key, which gives the same waybill. Another waybill is on no label: a person must
        act."""
        with self.sessions.begin() as session:
            earlier = _earlier_request(session, row)
        if earlier is None:
            return [forgotten("tms", row.subject)]
        request, key, by = earlier
        try:
            booking = self.tms.book(request, key, by)
        except CarrierRefused:
            return [forgotten("tms", row.subject)]
        with self.sessions.begin() as session:
            data = {"shipment_id": row.subject, "waybill": booking.waybill}
            journal.append_fact(session, row.order_id, "shipment.told_again", told_again_key(row.subject), data)
        return [] if booking.waybill == row.waybill else [forgotten("tms", row.subject)]


def _earlier_request(session: Session, row: Row[Any]) -> Request | None:
    """Return the booking request with its key and API; None when it cannot be repeated."""
    booking, number = session.get(BookingRow, row.subject), row.subject.rpartition("-S")[2]
    if booking is None or booking.given_back_at is not None or not number.isdigit():
        return None
    step = FulfillmentStep(row.order_id, row.fulfillment_order_id, int(number), row.merge_id or "")
    parcel = parcels.read(session, step, row.subject)
    if parcel is None:
        return None
    request = parcels.booking_request(step, parcel, row.subject)
    if booking.asked:
        request["carrier"] = booking.asked
    return request, f"{row.subject}:book:{booking.asked}", bookings.way_of(session, row.subject)
