"""Contents of a parcel: its orders and boxes, and the booking request to a carrier."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.undo import UndoRequest
from integrations.bookings import BookingRequest, Origin, ParcelSize
from integrations.http import Line
from models.fulfillment import FulfillmentOrderRow
from models.order import OrderRow
from models.stock import LocationRow
from record.order_mapping import order_of, ship_to
from record.orders.instructions import FOR_CARRIER, select_instructions
from record.shipping import merges
from record.shipping.fulfillment_orders import FulfillmentStep, lines_of

MEASURES: tuple[Literal["length_mm", "width_mm", "height_mm"], ...] = ("length_mm", "width_mm", "height_mm")


@dataclass(frozen=True)
class Parcel:
    """What travels together: fulfillment orders, their orders (the step's own first), the location, and units by
    SKU."""

    rows: Sequence[FulfillmentOrderRow]
    orders: Sequence[OrderRow]
    location: LocationRow
    units: Mapping[str, int]


def read(session: Session, step: FulfillmentStep, shipment_id: str) -> Parcel | None:
    """Return the parcel; None when its contents changed since the step was decided."""
    rows = contents(session, step, shipment_id)
    if not rows:
        return None
    others = sorted({row.order_id for row in rows} - {step.order_id})
    units = Counter[str]()
    for row in rows:
        units.update({line["sku"]: line["quantity"] for line in lines_of(session, row.fulfillment_order_id)})
    orders = [order_of(session, order_id) for order_id in (step.order_id, *others)]
    return Parcel(rows, orders, session.get_one(LocationRow, rows[0].location_id), units)


def boxes_of(rows: Sequence[FulfillmentOrderRow]) -> list[ParcelSize]:
    """Return every box that the warehouse reported, with its weight and, if reported, its measures."""
    return [_size(box) for row in rows for box in row.parcels or ()]


def _size(box: Mapping[str, int]) -> ParcelSize:
    size = ParcelSize(weight_grams=box.get("weight_grams", 0))
    for measure in MEASURES:
        if box.get(measure):
            size[measure] = box[measure]
    return size


def contents(session: Session, step: FulfillmentStep, shipment_id: str) -> Sequence[FulfillmentOrderRow]:
    """Return the fulfillment orders in the parcel; none when it is shared and has changed since the step was
    decided."""
    if not step.merge_id:
        return [session.get_one(FulfillmentOrderRow, step.fulfillment_order_id)]
    together = merges.members(session, step.merge_id, lock=True)
    merge = merges.lock_merge(session, step.merge_id)
    unchanged = merge.round == step.round and merge.shipment_id in (None, shipment_id)
    return together if unchanged else []


def shared(session: Session, undo: UndoRequest) -> bool:
    """True if goods of another order travel in the shipment."""
    other = select(FulfillmentOrderRow.order_id).where(
        FulfillmentOrderRow.shipment_id == undo.subject, FulfillmentOrderRow.order_id != undo.order_id
    )
    return session.scalar(other.limit(1)) is not None


def booking_request(step: FulfillmentStep, parcel: Parcel, shipment_id: str) -> BookingRequest:
    """Build the booking request, the same for every carrier."""
    order, location = parcel.orders[0], parcel.location
    request = BookingRequest(
        shipment_id=shipment_id,
        fulfillment_order_id=step.fulfillment_order_id,
        fulfillment_order_ids=[row.fulfillment_order_id for row in parcel.rows],
        order_id=order.order_id,
        channel_order_id=order.channel_order_id,
        origin=Origin(location_id=location.location_id, country=location.country, region=location.province),
        ship_to=ship_to(order),
        lines=[Line(sku=sku, quantity=quantity) for sku, quantity in sorted(parcel.units.items())],
        parcels=boxes_of(parcel.rows),
    )
    if wishes := select_instructions(order.instructions, FOR_CARRIER):
        request["instructions"] = wishes
    return request
