"""The queue of backorders: when each is promised its goods, and which orders an arrival wakes, never more than it can
serve."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from heapq import merge
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Date, Row, Text, any_, bindparam, delete, exists, func, select, text
from sqlalchemy.orm import Session

from domain.arrivals import Waiter, promised_days
from models.arrivals import PurchaseLineRow, PurchaseOrderRow
from models.goods import ChannelQuotaRow
from models.locks import lock_skus
from models.order import OrderRow
from models.prepared import prepared
from models.stock import BackorderRow
from record.stock.quotas import IN_FORCE
from record.stock.remaining import RemainingStock
from record.stock.views import available_in_network

AHEAD = 50
"""Rows of the queue read at a time."""

ChannelOrder = tuple[str, str]
"""Channel and channel order id."""

_ORDER_KEY = (BackorderRow.priority, BackorderRow.since, BackorderRow.order_id)
_WITHIN_QUOTA = ~exists().where(
    ChannelQuotaRow.channel == OrderRow.channel,
    ChannelQuotaRow.sku == BackorderRow.sku,
    ChannelQuotaRow.claimed >= ChannelQuotaRow.quantity,
    IN_FORCE,
)
_NEWS = text("""
    SELECT backorders.order_id, backorders.sku, promised.day
    FROM backorders LEFT JOIN unnest(:orders, :goods, :days) AS promised (order_id, sku, day) USING (order_id, sku)
    WHERE backorders.sku = ANY(:skus)
      AND (promised_on IS DISTINCT FROM promised.day OR backorders.order_id = :asker)
    ORDER BY backorders.sku, backorders.order_id FOR UPDATE OF backorders
""").bindparams(
    *(bindparam(name, type_=ARRAY(Text)) for name in ("orders", "goods", "skus")), bindparam("days", type_=ARRAY(Date))
)
_PROMISE = text("""
    UPDATE backorders SET promised_on = news.day FROM unnest(:orders, :goods, :days) AS news (order_id, sku, day)
    WHERE (backorders.order_id, backorders.sku) = (news.order_id, news.sku)
""").bindparams(
    *(bindparam(name, type_=ARRAY(Text)) for name in ("orders", "goods")), bindparam("days", type_=ARRAY(Date))
)
_AWAITED = prepared(
    select(BackorderRow.sku).where(BackorderRow.sku == any_(bindparam("skus", type_=ARRAY(Text)))).distinct()
)
_LOCK = text("""
    SELECT FROM backorders WHERE order_id = ANY(:orders) ORDER BY sku, order_id FOR UPDATE
""").bindparams(bindparam("orders", type_=ARRAY(Text)))


@dataclass(frozen=True)
class CarryResult:
    """`done` when the event needs no retry; `woken` are the orders to look for stock again, in their turn."""

    done: bool
    woken: list[ChannelOrder] = field(default_factory=list)


def update_promises(session: Session, skus: Iterable[str], asker: str = "") -> list[str]:
    """Write the promised day of every backorder of these SKUs. Return the orders whose day changed.

    Each SKU is locked, so that the latest answer stays. Backorders of the `asker` are locked as well.
    """
    goods = sorted(skus)
    lock_skus(session, goods)
    promised = [
        (order_id, sku, day)
        for sku in goods
        for order_id, day in promised_days(
            available_in_network(session, [sku])[sku],
            _expected(session, sku),
            (Waiter(row.order_id, row.wanted) for row in _queue(session, sku)),
        ).items()
    ]
    found = session.execute(_NEWS, _columns(promised) | {"skus": goods, "asker": asker}).all()
    news = [(row.order_id, row.sku, row.day) for row in found]
    session.execute(_PROMISE, _columns(news))
    return [order_id for order_id, _, _ in news]


def lock(session: Session, orders: Iterable[str]) -> None:
    """Lock the backorders of these orders before changing them, always by SKU and then by order."""
    session.execute(_LOCK, {"orders": list(orders)})


def remove(session: Session, order_id: str) -> None:
    """Delete all backorders of the order."""
    lock(session, [order_id])
    session.execute(delete(BackorderRow).where(BackorderRow.order_id == order_id))


def servable_orders(session: Session, skus: Iterable[str]) -> list[str]:
    """Return the orders that available stock can serve, in their turn: lowest priority first, then longest waiting.

    An order is skipped while another SKU that it waits for is missing, when there is not enough for it, or when it
    would exceed its channel's quota. One that takes less than it wants gets the rest.
    """
    remaining = RemainingStock(session)
    arrived = sorted(skus)
    woken: list[str] = []
    for row in merge(*(_queue(session, sku, _WITHIN_QUOTA) for sku in arrived), key=lambda row: tuple(row)[:3]):
        if remaining.is_spent(arrived):
            break
        if row.order_id not in woken and remaining.take(row.channel, row.wants, row.splits):
            woken.append(row.order_id)
    return woken


def awaited_skus(session: Session, skus: Iterable[str]) -> list[str]:
    """Return those of the SKUs that have backorders."""
    asked = list(skus)
    return list(session.scalars(_AWAITED, {"skus": asked})) if asked else []


def missing_skus(session: Session, order_id: str) -> list[str]:
    """Return the SKUs that the order waits for."""
    return list(session.scalars(select(BackorderRow.sku).where(BackorderRow.order_id == order_id)))


def channel_orders(session: Session, orders: Iterable[str]) -> list[ChannelOrder]:
    """Return the channels' ids of the orders, in their turn in the queue."""
    asked = set(orders)
    if not asked:
        return []
    rows = session.execute(
        select(OrderRow.channel, OrderRow.channel_order_id)
        .join(BackorderRow, BackorderRow.order_id == OrderRow.order_id)
        .where(OrderRow.order_id.in_(asked))
        .group_by(OrderRow.order_id)
        .order_by(func.min(BackorderRow.priority), func.min(BackorderRow.since), OrderRow.order_id)
    )
    return [(row.channel, row.channel_order_id) for row in rows]


def promised_orders(session: Session, skus: Iterable[str]) -> list[str]:
    """Return the orders that wait for these SKUs and have a promised day."""
    known = BackorderRow.sku.in_(list(skus)), BackorderRow.promised_on.is_not(None)
    return list(session.scalars(select(BackorderRow.order_id).where(*known)))


def _queue(session: Session, sku: str, *which: ColumnElement[bool]) -> Iterator[Row[Any]]:
    other = select(BackorderRow).subquery()
    wants = select(func.jsonb_object_agg(other.c.sku, other.c.wanted)).where(other.c.order_id == BackorderRow.order_id)
    columns = (*_ORDER_KEY, BackorderRow.wanted, BackorderRow.splits, wants.scalar_subquery().label("wants"))
    queue = select(*columns, OrderRow.channel).join(OrderRow).where(BackorderRow.sku == sku, *which)
    queue = queue.order_by(*_ORDER_KEY)
    yield from session.execute(queue, execution_options={"yield_per": AHEAD})


def _expected(session: Session, sku: str) -> list[tuple[date, int]]:
    """Return units on open purchase orders by due day; days that have passed do not count."""
    coming = func.sum(PurchaseLineRow.quantity - PurchaseLineRow.received)
    rows = session.execute(
        select(PurchaseLineRow.due_on, coming)
        .join(PurchaseOrderRow)
        .where(PurchaseLineRow.sku == sku, PurchaseOrderRow.status == "open")
        .where(PurchaseLineRow.due_on >= func.current_date())
        .group_by(PurchaseLineRow.due_on)
        .order_by(PurchaseLineRow.due_on)
    )
    return [(due_on, int(units)) for due_on, units in rows]


def _columns(days: Sequence[tuple[str, str, date | None]]) -> dict[str, list[Any]]:
    return {name: [row[place] for row in days] for place, name in enumerate(("orders", "goods", "days"))}
