"""Bookings as rows: the ranked carriers of a parcel, their refusals, and what was booked."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from domain.carriers import Box, Consignment, Offer, rank
from domain.parameters import Parameters
from domain.sscc import sscc
from domain.status import TrackingStatus
from integrations.bookings import Booking, ParcelSize
from models.fulfillment import SSCC_SERIAL, BookingRow, FulfillmentOrderRow, ParcelRow, ShipmentRow
from models.order import OrderRow
from models.stock import ProductRow
from record import journal
from record.shipping.parcels import MEASURES, Parcel, boxes_of

CHINA = timezone(timedelta(hours=8))
ANYBODY = Offer("", "tms", eligible=True, why="no carrier is on record, so the TMS chooses")


def rank_carriers(session: Session, shipment_id: str, parcel: Parcel, parameters: Parameters) -> BookingRow:
    """Rank the carriers for a parcel and store the offers; a repeat returns the first ranking."""
    known = session.get(BookingRow, shipment_id, with_for_update=True)
    if known:
        return known
    offers = rank(parameters.carriers, parameters.freight_rates, _consignment(session, parcel)) or [ANYBODY]
    row = insert(BookingRow).values(shipment_id=shipment_id, offers=[_offer_fields(offer) for offer in offers])
    # Of two concurrent rankings the later one gets what the first wrote.
    unchanged = row.on_conflict_do_update(index_elements=["shipment_id"], set_={"offers": BookingRow.offers})
    return session.scalars(unchanged.returning(BookingRow)).one()


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
    return next((str(offer["by"]) for offer in offers if known and offer["carrier"] == known.asked), ANYBODY.by)


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
    data = {"shipment_id": shipment_id, "carrier": booking.carrier, "waybill": booking.waybill, "why": offer["why"]}
    for row in parcel:
        row.shipment_id = shipment_id
        journal.append_fact(session, row.order_id, "shipment.booked", f"{shipment_id}:booked", data)


def _consignment(session: Session, parcel: Parcel) -> Consignment:
    order, location = parcel.orders[0], parcel.location
    region, asked = order.repaired_region, order.instructions
    goods = _goods(session, parcel.units)
    boxes = [Box(box["weight_grams"], _measures(box)) for box in boxes_of(parcel.rows)]
    return Consignment(
        origin=(location.country, location.province),
        destination=(order.country, str(region.get("province", order.province))),
        boxes=tuple(boxes) or (Box(sum(product.weight_grams * units for product, units in goods)),),
        channels=frozenset(one.channel for one in parcel.orders),
        dangerous=frozenset(product.dangerous_goods_class for product, _ in goods) - {""},
        wish=str(asked.get("carrier", "")),
        within_days=_days_until(order),
        urgent=bool(asked.get("urgent")),
    )


def _goods(session: Session, units: Mapping[str, int]) -> list[tuple[ProductRow, int]]:
    products = session.scalars(select(ProductRow).where(ProductRow.sku.in_(units)))
    return [(product, units[product.sku]) for product in products]


def _measures(box: ParcelSize) -> tuple[int, int, int] | None:
    return (box["length_mm"], box["width_mm"], box["height_mm"]) if box.keys() >= set(MEASURES) else None


def _days_until(order: OrderRow) -> int | None:
    """Return the days until the wished or promised day, whichever is earlier, in Chinese time; never below 0."""
    wished, promised = order.instructions.get("deliver_on"), order.promised_deliver_by
    days = [date.fromisoformat(wished)] if wished else []
    days += [promised.astimezone(CHINA).date()] if promised else []
    return max(0, (min(days) - datetime.now(UTC).astimezone(CHINA).date()).days) if days else None


def _offer_fields(offer: Offer) -> dict[str, Any]:
    fields = asdict(offer)
    del fields["price"]
    price = offer.price
    return fields | {"cost_minor": price and price.minor_units, "cost_currency": price and price.currency}
