"""Bookings as rows: which carrier is asked, which refused, and what was booked."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from domain.parameters import BY_TMS
from domain.sscc import sscc
from domain.status import TrackingStatus
from integrations.bookings import Booking
from models.fulfillment import SSCC_SERIAL, BookingRow, FulfillmentOrderRow, ParcelRow, ShipmentRow
from models.prepared import prepared
from record import journal
from record.shipping.parcels import Parcel, boxes_of


def mark_asked(session: Session, shipment_id: str, carrier: str) -> bool:
    """Store which carrier is asked, before the call. False when the booking was given back meanwhile."""
    wanted = BookingRow.shipment_id == shipment_id, BookingRow.given_back_at.is_(None)
    asked = update(BookingRow).where(*wanted).values(asked=carrier)
    return session.scalar(asked.returning(BookingRow.asked)) is not None


def record_refusal(
    session: Session, shipment_id: str, parcel: Sequence[FulfillmentOrderRow], carrier: str, code: str
) -> None:
    """Store the carrier's refusal, and log it for every order in the parcel."""
    row = session.get_one(BookingRow, shipment_id, with_for_update=True)
    row.refusals = {**row.refusals, carrier: code}
    data = {"shipment_id": shipment_id, "carrier": carrier, "code": code}
    for one in parcel:
        journal.append_fact(session, one.order_id, "shipment.carrier_refused", f"{shipment_id}:refused:{carrier}", data)


def give_back(session: Session, shipment_id: str) -> str:
    """Mark the booking as given back, so that it is never made again. Return whose API asks for it (`Offer.by`)."""
    at = func.coalesce(BookingRow.given_back_at, func.now())
    session.execute(update(BookingRow).where(BookingRow.shipment_id == shipment_id).values(given_back_at=at))
    return way_of(session, shipment_id)


def keep(session: Session, shipment_id: str) -> None:
    """Undo `give_back`: the booking could not be given back."""
    session.execute(update(BookingRow).where(BookingRow.shipment_id == shipment_id).values(given_back_at=None))


def way_of(session: Session, shipment_id: str) -> str:
    """Return by whose API the carrier asked last is called (`Offer.by`)."""
    known = session.get(BookingRow, shipment_id, populate_existing=True)
    offers = known.offers if known else []
    return next((str(offer["by"]) for offer in offers if known and offer["carrier"] == known.asked), BY_TMS)


# Locks the work after its order, like everywhere else, and then its booking. Finds nothing if the booking was given
# back or the warehouse has corrected the boxes meanwhile.
_KEEP = prepared(f"""
    WITH held AS MATERIALIZED (
        SELECT f.fulfillment_order_id, f.order_id
        FROM orders o JOIN fulfillment_orders f USING (order_id) JOIN bookings b ON b.shipment_id = :shipment_id
        WHERE f.fulfillment_order_id = :name AND b.given_back_at IS NULL
            AND coalesce(nullif(f.parcels, 'null'), '[]') = CAST(:known AS jsonb)
        FOR KEY SHARE OF o FOR NO KEY UPDATE OF f, b
    ), booked AS (
        INSERT INTO shipments (shipment_id, carrier, waybill, service, tracking_status, cost_minor, cost_currency)
        SELECT :shipment_id, :carrier, :waybill, :service, '{TrackingStatus.PRE_TRANSIT}', :cost_minor, :cost_currency
        FROM held ON CONFLICT DO NOTHING RETURNING shipment_id
    ), boxes AS (
        INSERT INTO shipment_parcels (sscc, shipment_id, number, weight_grams, length_mm, width_mm, height_mm)
        SELECT sscc, booked.shipment_id, number, weight_grams, length_mm, width_mm, height_mm
        FROM booked, json_populate_recordset(CAST(NULL AS shipment_parcels), :boxes) AS box
    ), told AS (
        INSERT INTO order_events (order_id, type, key, actor, data)
        SELECT order_id, 'shipment.booked', :key, '{journal.SYSTEM}', CAST(:data AS jsonb) FROM held
        ON CONFLICT (order_id, key) DO NOTHING)
    UPDATE fulfillment_orders f SET shipment_id = :shipment_id
    FROM held WHERE f.fulfillment_order_id = held.fulfillment_order_id RETURNING f.fulfillment_order_id
""")


def record_unchanged(
    session: Session,
    parcel: Parcel,
    shipment_id: str,
    booking: Booking,
    offer: dict[str, Any],
    codes: Sequence[str],
) -> bool:
    """As `record`, by one statement, for a parcel of one fulfillment order as it was read before. False if it or its
    booking has changed since."""
    [row], boxes = parcel.rows, boxes_of(parcel.rows)
    if len(codes) != len(boxes):
        return False
    numbered = [
        {**box, "sscc": code, "number": number} for number, (code, box) in enumerate(zip(codes, boxes, strict=True), 1)
    ]
    values = {
        "shipment_id": shipment_id,
        "name": row.fulfillment_order_id,
        "known": json.dumps(row.parcels or []),
        "carrier": booking.carrier,
        "waybill": booking.waybill,
        "service": booking.service,
        "cost_minor": offer["cost_minor"],
        "cost_currency": offer["cost_currency"],
        "boxes": json.dumps(numbered),
        "key": f"{shipment_id}:booked",
        "data": json.dumps(_booked(shipment_id, booking, offer)),
    }
    return session.execute(_KEEP, values).first() is not None


def record(
    session: Session,
    parcel: Sequence[FulfillmentOrderRow],
    shipment_id: str,
    booking: Booking,
    offer: dict[str, Any],
    company_prefix: str,
) -> None:
    """Write the shipment with its boxes, and log its carrier and why it was chosen."""
    if not parcel:
        return
    shipment = insert(ShipmentRow).values(
        shipment_id=shipment_id,
        carrier=booking.carrier,
        waybill=booking.waybill,
        service=booking.service,
        tracking_status=TrackingStatus.PRE_TRANSIT,
        cost_minor=offer["cost_minor"],
        cost_currency=offer["cost_currency"],
    )
    if session.scalar(shipment.on_conflict_do_nothing().returning(ShipmentRow.shipment_id)):
        for number, box in enumerate(boxes_of(parcel), 1):
            code = sscc(company_prefix, session.scalars(select(SSCC_SERIAL.next_value())).one())
            session.add(ParcelRow(sscc=code, shipment_id=shipment_id, number=number, **box))
    for row in parcel:
        row.shipment_id = shipment_id
        data = _booked(shipment_id, booking, offer)
        journal.append_fact(session, row.order_id, "shipment.booked", f"{shipment_id}:booked", data)


def _booked(shipment_id: str, booking: Booking, offer: Mapping[str, Any]) -> dict[str, Any]:
    return {"shipment_id": shipment_id, "carrier": booking.carrier, "waybill": booking.waybill, "why": offer["why"]}
