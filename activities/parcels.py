"""What is in a parcel, read from the record: the orders, the boxes, and what a carrier is told of them."""

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from activities import merges
from activities.instructions import FOR_CARRIER, some_of
from activities.pick import FulfillmentStep, lines_of, order_of
from activities.records import ship_to
from activities.undo import UndoRequest
from integrations.bookings import BookingRequest, Origin, ParcelSize
from integrations.http import Line
from models.fulfillment import FulfillmentOrderRow
from models.stock import LocationRow

MEASURES = ("length_mm", "width_mm", "height_mm")


def boxes_of(parcel: Sequence[FulfillmentOrderRow]) -> list[dict[str, int]]:
    """Every box that the warehouse reported, with what it said of it: `weight_grams`, and measures if it took them."""
    known = ("weight_grams", *MEASURES)
    return [{name: box[name] for name in known if box.get(name)} for row in parcel for box in row.parcels or []]


def contents(session: Session, step: FulfillmentStep, shipment_id: str) -> Sequence[FulfillmentOrderRow]:
    """What is in the parcel; nothing when it is shared and not as it was when the step was decided on."""
    if not step.merge_id:
        return [session.get_one(FulfillmentOrderRow, step.fulfillment_order_id)]
    together = merges.members(session, step.merge_id, lock=True)
    merge = merges.lock_merge(session, step.merge_id)
    right = merge.round == step.round and merge.shipment_id in (None, shipment_id)
    return together if right else []


def shared(session: Session, undo: UndoRequest) -> bool:
    """Whether goods of another order travel in the shipment."""
    other = select(FulfillmentOrderRow.order_id).where(
        FulfillmentOrderRow.shipment_id == undo.subject, FulfillmentOrderRow.order_id != undo.order_id
    )
    return session.scalar(other.limit(1)) is not None


def booking_request(
    session: Session, step: FulfillmentStep, parcel: Sequence[FulfillmentOrderRow], shipment_id: str
) -> BookingRequest:
    """What a carrier is asked, whoever it is."""
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
        parcels=[ParcelSize(**{"weight_grams": 0, **box}) for box in boxes_of(parcel)],  # type: ignore[typeddict-item]
    )
    if wishes := some_of(order.instructions, FOR_CARRIER):
        request["instructions"] = wishes
    return request
