"""What an order needs from stock, by stocked SKU: bundles count as their parts."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import ColumnElement, Row, Text, bindparam, func, select
from sqlalchemy.orm import Session

from domain.status import FulfillmentStatus
from models.base import table
from models.fulfillment import FulfillmentLineRow, FulfillmentOrderRow
from models.goods import ProductPartRow
from models.order import OrderLineRow, OrderRow

UNDONE = (FulfillmentStatus.REJECTED, FulfillmentStatus.CANCELED)

# Built once: building a statement costs more than sending it.
_ORDERS, _LINES, _PARTS = table(OrderRow), table(OrderLineRow), table(ProductPartRow)
_WORK, _WORK_LINES = table(FulfillmentOrderRow), table(FulfillmentLineRow)
_ORDER_ID = bindparam("order_id", type_=Text)
_VALID = (
    (_PARTS.c.bundle_sku == _LINES.c.sku)
    & (_PARTS.c.valid_from <= _ORDERS.c.received_at)
    & (_PARTS.c.valid_to.is_(None) | (_PARTS.c.valid_to > _ORDERS.c.received_at))
)
_COVERED = (
    select(_WORK_LINES.c.sku, func.sum(func.coalesce(_WORK_LINES.c.picked, _WORK_LINES.c.quantity)))
    .join(_WORK)
    .where(_WORK.c.order_id == _ORDER_ID, _WORK.c.status.not_in(UNDONE))
    .group_by(_WORK_LINES.c.sku)
)
_BUNDLES = (
    select(_PARTS.c.bundle_sku, _PARTS.c.part_sku, _PARTS.c.quantity)
    .distinct()
    .select_from(_LINES.join(_ORDERS).join(_PARTS, _VALID))
    .where(_LINES.c.order_id == _ORDER_ID)
)

WITH_PARTS = _LINES.join(_ORDERS).outerjoin(_PARTS, _VALID)
"""The lines of orders, one row each, and for bundles one row per part; `STOCK_SKU` is what lies in stock."""
STOCK_SKU = func.coalesce(_PARTS.c.part_sku, _LINES.c.sku)
UNITS_EACH = func.coalesce(_PARTS.c.quantity, 1)


def skus_of(session: Session, order_id: str) -> list[str]:
    """Return every stocked SKU that a line of the order names, wanted or not, sorted."""
    named = select(STOCK_SKU).distinct().select_from(WITH_PARTS).where(_LINES.c.order_id == order_id)
    return sorted(session.scalars(named))


def covered_units(session: Session, order_id: str) -> dict[str, int]:
    """Return units by SKU that are under way or delivered."""
    return {sku: int(units) for sku, units in session.execute(_COVERED, {"order_id": order_id})}


def bundles_of(session: Session, order_id: str) -> dict[str, dict[str, int]]:
    """Return the bundles among the order's lines, with the parts valid when it was received."""
    return _by_bundle(session.execute(_BUNDLES, {"order_id": order_id}))


def lines_with(session: Session, order_id: str, sku: str) -> dict[str, int]:
    """Return the wanted units of lines that need this SKU, itself or as a part of a bundle, by the line's SKU."""
    bundles = bundles_of(session, order_id)
    wanted = func.sum(OrderLineRow.quantity - OrderLineRow.withdrawn - OrderLineRow.elsewhere)
    lines = select(OrderLineRow.sku, wanted).where(OrderLineRow.order_id == order_id).group_by(OrderLineRow.sku)
    return {
        line: int(units)
        for line, units in session.execute(lines.order_by(OrderLineRow.sku))
        if units and sku in bundles.get(line, {line: 1})
    }


def bundles_now(session: Session, skus: Iterable[str]) -> dict[str, dict[str, int]]:
    """Return the bundles among these SKUs, with the parts valid now."""
    valid: list[ColumnElement[bool]] = [ProductPartRow.bundle_sku.in_(list(skus)), ProductPartRow.valid_to.is_(None)]
    columns = select(ProductPartRow.bundle_sku, ProductPartRow.part_sku, ProductPartRow.quantity)
    return _by_bundle(session.execute(columns.where(*valid).order_by(ProductPartRow.part_sku)))


def bundles_at(session: Session, skus: Iterable[str], moment: datetime) -> dict[str, dict[str, int]]:
    """Return the bundles among these SKUs, with the parts valid at that moment."""
    wanted = list(skus)
    if not wanted:
        return {}
    until = ProductPartRow.valid_to
    valid = ProductPartRow.valid_from <= moment, until.is_(None) | (until > moment)
    columns = select(ProductPartRow.bundle_sku, ProductPartRow.part_sku, ProductPartRow.quantity)
    rows = columns.where(ProductPartRow.bundle_sku.in_(wanted), *valid).order_by(ProductPartRow.part_sku)
    return _by_bundle(session.execute(rows))


def _by_bundle(rows: Iterable[Row[str, str, int]]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for bundle, part, quantity in rows:
        found.setdefault(bundle, {})[part] = quantity
    return found
