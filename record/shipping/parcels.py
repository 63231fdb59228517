"""Contents of a parcel: its orders and boxes, and the booking request to a carrier."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from sqlalchemy import ARRAY, JSON, Text, any_, bindparam, func, select
from sqlalchemy.orm import Session

from domain.money import Money
from domain.undo import UndoRequest
from integrations.bookings import BookingRequest, Origin, ParcelSize
from integrations.http import Line
from models.fulfillment import BookingRow, FulfillmentLineRow, FulfillmentOrderRow
from models.order import OrderRow
from models.prepared import prepared
from models.stock import LocationRow, ProductRow
from record.order_mapping import ship_to
from record.orders.instructions import FOR_CARRIER, select_instructions
from record.shipping import merges
from record.shipping.fulfillment_orders import FulfillmentStep

MEASURES: tuple[Literal["length_mm", "width_mm", "height_mm"], ...] = ("length_mm", "width_mm", "height_mm")


@dataclass(frozen=True)
class Goods:
    """Units of a SKU with what carriers ask about it."""

    sku: str
    units: int
    weight_grams: int = 0
    dangerous: str = ""


@dataclass(frozen=True)
class Parcel:
    """What travels together: fulfillment orders, their orders (the step's own first), the location, and goods by
    SKU. `booking` is what was stored of its booking before."""

    rows: Sequence[FulfillmentOrderRow]
    orders: Sequence[OrderRow]
    location: LocationRow
    goods: Sequence[Goods]
    booking: BookingRow | None


_F, _L, _P = FulfillmentOrderRow, FulfillmentLineRow, ProductRow
_GOODS = (
    select(
        func.json_agg(
            func.json_build_array(
                _L.sku,
                func.coalesce(_L.picked, _L.quantity),
                func.coalesce(_P.weight_grams, 0),
                func.coalesce(_P.dangerous_goods_class, ""),
            ),
            type_=JSON,
        )
    )
    .select_from(_L)
    .outerjoin(_P, _P.sku == _L.sku)
    .where(_L.fulfillment_order_id == _F.fulfillment_order_id)
    .scalar_subquery()
)
# Built once: building a statement costs more than sending it.
_PARCEL = prepared(
    select(_F, OrderRow, LocationRow, _GOODS.label("goods"), BookingRow)
    .join(OrderRow, OrderRow.order_id == _F.order_id)
    .join(LocationRow, LocationRow.location_id == _F.location_id)
    .outerjoin(BookingRow, BookingRow.shipment_id == bindparam("shipment_id", type_=Text))
    .where(_F.fulfillment_order_id == any_(bindparam("names", type_=ARRAY(Text))))
    .order_by(_F.fulfillment_order_id)
)


def read(session: Session, step: FulfillmentStep, shipment_id: str) -> Parcel | None:
    """Return the parcel; None when its contents changed since the step was decided. One statement, if it is not
    shared."""
    shared = contents(session, step, shipment_id) if step.merge_id else ()
    if step.merge_id and not shared:
        return None
    names = [row.fulfillment_order_id for row in shared] or [step.fulfillment_order_id]
    found = session.execute(_PARCEL, {"names": names, "shipment_id": shipment_id}).all()
    orders = {row.OrderRow.order_id: row.OrderRow for row in found}
    own = orders.pop(step.order_id)
    return Parcel(
        [row.FulfillmentOrderRow for row in found],
        [own, *(orders[order_id] for order_id in sorted(orders))],
        found[0].LocationRow,
        _sum(Goods(*line) for row in found for line in row.goods or ()),
        found[0].BookingRow,
    )


def _sum(goods: Iterable[Goods]) -> list[Goods]:
    """Return the goods by SKU, without those of which nothing was picked."""
    by_sku: dict[str, Goods] = {}
    for one in goods:
        if one.units:
            before = by_sku.get(one.sku)
            by_sku[one.sku] = replace(one, units=one.units + (before.units if before else 0))
    return [by_sku[sku] for sku in sorted(by_sku)]


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


def booking_request(
    step: FulfillmentStep, parcel: Parcel, shipment_id: str, collect: Money | None = None
) -> BookingRequest:
    """Build the booking request, the same for every carrier, which is to `collect` this amount at the door."""
    order, location = parcel.orders[0], parcel.location
    request = BookingRequest(
        shipment_id=shipment_id,
        fulfillment_order_id=step.fulfillment_order_id,
        fulfillment_order_ids=[row.fulfillment_order_id for row in parcel.rows],
        order_id=order.order_id,
        channel_order_id=order.channel_order_id,
        origin=Origin(location_id=location.location_id, country=location.country, region=location.province),
        ship_to=ship_to(order),
        lines=[Line(sku=one.sku, quantity=one.units) for one in parcel.goods],
        parcels=boxes_of(parcel.rows),
    )
    if wishes := select_instructions(order.instructions, FOR_CARRIER):
        request["instructions"] = wishes
    if collect:
        request["collect"] = {"amount": collect.text, "currency": collect.currency}
    return request
