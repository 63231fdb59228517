"""Releases of work to a warehouse: read the work by one statement, build the request, and mark it by another."""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import JSON, Row, Text, bindparam, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from domain.pickup import PICKUP
from domain.status import FulfillmentStatus
from domain.waves import priority_of
from integrations.http import Line
from integrations.wms import PickRequest
from models.fulfillment import FulfillmentLineRow, FulfillmentOrderRow
from models.order import OrderRow
from models.prepared import prepared
from record import journal
from record.order_mapping import ship_to
from record.orders.instructions import FOR_WAREHOUSE, select_instructions

_F, _L = FulfillmentOrderRow, FulfillmentLineRow
# Built once: building a statement costs more than sending it.
_UNITS = func.json_agg(
    aggregate_order_by(func.json_build_array(_L.sku, func.coalesce(_L.picked, _L.quantity)), _L.sku), type_=JSON
)
_LINES = select(_UNITS).where(_L.fulfillment_order_id == _F.fulfillment_order_id).scalar_subquery()
_WORK = prepared(
    select(_F.status, _F.location_id, _F.merge_id, _LINES.label("lines"), OrderRow)
    .join(OrderRow, OrderRow.order_id == _F.order_id)
    .where(_F.fulfillment_order_id == bindparam("name", type_=Text))
)
# Locks the work after its order, like everywhere else.
_RELEASE = prepared(f"""
    WITH held AS MATERIALIZED (
        SELECT f.fulfillment_order_id, f.status, o.version FROM fulfillment_orders f JOIN orders o USING (order_id)
        WHERE f.fulfillment_order_id = :name FOR NO KEY UPDATE OF o, f
    ), released AS (
        UPDATE fulfillment_orders f
        SET status = '{FulfillmentStatus.RELEASED}', wms_reference = :reference, released_at = now()
        FROM held WHERE f.fulfillment_order_id = held.fulfillment_order_id AND held.status = '{FulfillmentStatus.OPEN}'
            AND (:changed OR held.version = :version)
        RETURNING f.order_id
    ), told AS (
        INSERT INTO order_events (order_id, type, key, actor, data)
        SELECT order_id, 'fulfillment_order.released', :key, '{journal.SYSTEM}', CAST(:data AS jsonb) FROM released
        ON CONFLICT (order_id, key) DO NOTHING)
    SELECT status, version, EXISTS (SELECT FROM released) AS released FROM held
""")


@dataclass(frozen=True)
class WarehouseWork:
    """A fulfillment order as its warehouse gets it. `lines` are the units picked, or ordered while nothing was
    reported."""

    fulfillment_order_id: str
    status: str
    location_id: str
    merge_id: str | None
    lines: list[Line]
    order: OrderRow


def read_work(session: Session, fulfillment_order_id: str) -> WarehouseWork:
    """Read the work with its order. Raises NoResultFound; a missing row is a defect."""
    row = session.execute(_WORK, {"name": fulfillment_order_id}).one()
    lines = [Line(sku=sku, quantity=quantity) for sku, quantity in row.lines or () if quantity]
    return WarehouseWork(fulfillment_order_id, row.status, row.location_id, row.merge_id, lines, row.OrderRow)


def pick_request(work: WarehouseWork) -> PickRequest:
    """Build the request to the warehouse; the same each time."""
    order = work.order
    request = PickRequest(
        fulfillment_order_id=work.fulfillment_order_id,
        order_id=order.order_id,
        channel=order.channel,
        channel_order_id=order.channel_order_id,
        location_id=work.location_id,
        lines=work.lines,
        ship_to=ship_to(order),
        priority=priority_of(order.instructions),
    )
    if order.pickup_location:
        request["delivery_method"] = PICKUP
    if wishes := select_instructions(order.instructions, FOR_WAREHOUSE):
        request["instructions"] = wishes
    if work.merge_id:
        request["pack_together"] = work.merge_id
    return request


def mark_released(session: Session, work: WarehouseWork, reference: str, changed: bool = False) -> Row[Any]:
    """Mark open work as released, and lock it with its order; only with `changed` if the order has changed since the
    work was read. Return the `status` and the order's `version` before, and whether it was `released` just now."""
    name = work.fulfillment_order_id
    data = {"fulfillment_order_id": name, "location_id": work.location_id}
    values = {"name": name, "reference": reference, "key": f"{name}:released", "data": json.dumps(data)}
    return session.execute(_RELEASE, {**values, "changed": changed, "version": work.order.version}).one()
