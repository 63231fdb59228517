"""Parcels that are booked and of which the carriers' desk says nothing."""

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

# One that was heard of meanwhile is found again when that is long ago.
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
Told = tuple[BookingRequest, str, str]


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
        """Where the carrier is further than we have heard."""
        shipment = session.get_one(ShipmentRow, row.subject)
        now, since = shipment.tracking_status, shipment.tracked_at
        new = entry.status != now and entry.status in set(TrackingStatus)
        if not new or not follows(TrackingStatus(entry.status), entry.at, now, since):
            return []
        return [tracking(shipment, entry)]

    def tell_again(self, row: Row[Any]) -> list[NewEvent]:
        """Under the same key, which gives the same waybill. Another one is on no label: a person must see to it."""
        with self.sessions.begin() as session:
            told = _told_before(session, row)
        if told is None:
            return [forgotten("tms", row.subject)]
        request, key, by = told
        try:
            booking = self.tms.book(request, key, by)
        except CarrierRefused:
            return [forgotten("tms", row.subject)]
        with self.sessions.begin() as session:
            data = {"shipment_id": row.subject, "waybill": booking.waybill}
            journal.append_fact(session, row.order_id, "shipment.told_again", told_again_key(row.subject), data)
        return [] if booking.waybill == row.waybill else [forgotten("tms", row.subject)]


def _told_before(session: Session, row: Row[Any]) -> Told | None:
    """What was asked, with its key and in whose words; None where it cannot be asked again."""
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
