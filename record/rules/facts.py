"""The facts that rules read beside the order: its goods and its buyer."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import ARRAY, Text, any_, bindparam, func, select, true
from sqlalchemy.orm import Session

from domain.rules.facts import Buyer, Goods, RuleFacts
from domain.status import OrderStatus
from models.base import table
from models.order import OrderRow
from models.payment import MoneyMovementRow
from models.stock import ProductRow
from record.order_mapping import load_orders

MAX_EARLIER_ORDERS = 200
"""The most earlier orders counted of a buyer, so that a shop's own test account does not slow every audit."""

# Built once: building a statement costs more than sending it, and every audit sends these.
_PRODUCTS, _ORDERS, _THIS = table(ProductRow), table(OrderRow), table(OrderRow).alias()
_GOODS = select(_PRODUCTS.c.sku, _PRODUCTS.c.on_sale, _PRODUCTS.c.weight_grams).where(
    _PRODUCTS.c.sku == any_(bindparam("skus", type_=ARRAY(Text)))
)
_BEFORE = (
    select(_ORDERS.c.status)
    .where(_ORDERS.c.customer_id == _THIS.c.customer_id, _ORDERS.c.channel == _THIS.c.channel)
    .where(_ORDERS.c.order_id < _THIS.c.order_id)
    .order_by(_ORDERS.c.order_id.desc())
    .limit(MAX_EARLIER_ORDERS)
    .lateral("before")
)
_BUYERS = (
    select(
        _THIS.c.order_id,
        func.count(_BEFORE.c.status).label("orders"),
        func.count().filter(_BEFORE.c.status == OrderStatus.CANCELED).label("canceled"),
    )
    .outerjoin_from(_THIS, _BEFORE, true())
    .where(_THIS.c.order_id == any_(bindparam("orders", type_=ARRAY(Text))))
    .group_by(_THIS.c.order_id)
)


def goods_of(session: Session, skus: Collection[str]) -> dict[str, Goods]:
    """Return the products among these SKUs; unknown ones are absent."""
    return {row.sku: Goods(row.on_sale, row.weight_grams) for row in session.execute(_GOODS, {"skus": list(skus)})}


def buyers_of(session: Session, order_ids: Collection[str]) -> dict[str, Buyer]:
    """Return the counts of the customer's earlier orders at the same channel, by the id of the order."""
    rows = session.execute(_BUYERS, {"orders": list(order_ids)})
    return {row.order_id: Buyer(row.orders, row.canceled) for row in rows}


def facts_of(session: Session, rows: Sequence[OrderRow]) -> Mapping[str, RuleFacts]:
    """Return the facts of many orders by id, from the record only; the gateway is not asked."""
    orders = load_orders(session, rows)
    goods = goods_of(session, {line.sku for order in orders.values() for line in order.lines})
    moved = select(MoneyMovementRow.order_id, MoneyMovementRow.kind).where(
        MoneyMovementRow.order_id.in_(orders), MoneyMovementRow.kind.not_in(("refunded", "credited"))
    )
    buyers = buyers_of(session, orders)
    paid = {row.order_id: row.kind for row in session.execute(moved.order_by(MoneyMovementRow.movement_id))}
    return {
        order_id: RuleFacts(order, paid.get(order_id, "unknown"), goods, buyers[order_id])
        for order_id, order in orders.items()
    }
