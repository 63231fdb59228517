"""Lists of orders: sorted pages, counts up to a limit, and summaries by three statements a page."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, select, tuple_
from sqlalchemy.orm import Session

from api.inputs import not_a_cursor
from api.links import order_links
from api.orders.answers import NextDeadline, OrderSummary
from api.orders.at_risk import deadlines_of
from api.orders.order_filters import OrderConditions
from api.orders.view import payment_status_of
from domain.ids import order_workflow_id
from domain.money import Money
from models.order import HoldRow, OrderRow
from models.payment import MoneyMovementRow
from settings import Settings

MOST_COUNTED = 10_000
MOST_EXAMINED = 1_000
"""Orders that are looked at for a page by a status that no index finds."""


class Sort(StrEnum):
    """The column that a list is sorted by; with a dash the largest or newest first."""

    RECEIVED = "received"
    NEWEST = "-received"
    PLACED = "placed"
    LAST_PLACED = "-placed"
    AMOUNT = "amount"
    LARGEST = "-amount"


COLUMNS: dict[str, Any] = {"placed": OrderRow.placed_at, "amount": OrderRow.grand_total_minor}
"""By name. Ids sort by the time of receipt, and follow each column so that no two orders are in the same place."""


def find_orders(
    session: Session, conditions: OrderConditions, sort: Sort, limit: int, last: str | None
) -> tuple[list[OrderRow], str | None]:
    """Return a page of matching orders, and the place from which the next one goes on, None on the last page.

    `last` is that of the page before. If no index finds the orders, MOST_EXAMINED are looked at, and a page may have
    fewer than `limit`, or none, although there are more.
    """
    columns = [*((COLUMNS[name],) if (name := sort.removeprefix("-")) in COLUMNS else ()), OrderRow.order_id]
    descends = sort.startswith("-")
    ordered = [column.desc() if descends else column for column in columns]
    after_last = list[ColumnElement[bool]]()
    if last is not None:
        here, shown = tuple_(*columns), tuple_(*_read_place(last, sort))
        after_last = [here < shown if descends else here > shown]
    some = select(OrderRow.order_id).where(*conditions.stored, *after_last).order_by(*ordered)
    which = [*conditions.all, *after_last] if conditions.is_indexed else _examined(conditions, some)
    found = list(session.scalars(select(OrderRow).where(*which).order_by(*ordered).limit(limit + 1)))
    if len(found) > limit:
        return found[:limit], place(found[limit - 1], sort)
    if conditions.is_indexed:
        return found, None
    end = session.scalar(some.offset(MOST_EXAMINED - 1).limit(1))
    return found, place(session.get_one(OrderRow, end), sort) if end is not None else None


def _examined(conditions: OrderConditions, some: Select[str]) -> list[ColumnElement[bool]]:
    return [OrderRow.order_id.in_(some.limit(MOST_EXAMINED)), *conditions.derived]


def place(order: OrderRow, sort: Sort) -> str:
    """Return the position of an order in a list that is sorted like this."""
    match sort.removeprefix("-"):
        case "placed":
            return f"{sort}/{order.placed_at.isoformat()}/{order.order_id}"
        case "amount":
            return f"{sort}/{order.grand_total_minor}/{order.order_id}"
    return order.order_id if sort is Sort.NEWEST else f"{sort}//{order.order_id}"


def count_orders(session: Session, conditions: OrderConditions) -> tuple[int, bool]:
    """Return the number of matching orders, and True if it is at least that: MOST_COUNTED are counted, or those of the
    last MOST_EXAMINED if no index finds the orders."""
    some = select(OrderRow.order_id).where(*conditions.stored).order_by(OrderRow.order_id.desc())
    which = conditions.all if conditions.is_indexed else _examined(conditions, some)
    counted = select(literal(1)).select_from(OrderRow).where(*which).limit(MOST_COUNTED + 1).subquery()
    number = session.scalar(select(func.count()).select_from(counted)) or 0
    if not conditions.is_indexed:
        return number, session.scalar(some.offset(MOST_EXAMINED).limit(1)) is not None
    return min(number, MOST_COUNTED), number > MOST_COUNTED


def _read_place(last: str, sort: Sort) -> list[Any]:
    if sort is Sort.NEWEST and "/" not in last:
        return [last]
    named, _, rest = last.partition("/")
    value, _, order_id = rest.partition("/")
    if named != sort or not order_id:
        raise not_a_cursor()
    try:
        match sort.removeprefix("-"):
            case "placed":
                moment = datetime.fromisoformat(value)
                if moment.tzinfo is None:
                    raise not_a_cursor()
                return [moment, order_id]
            case "amount":
                return [_whole(value), order_id]
    except ValueError:
        raise not_a_cursor() from None
    return [order_id]


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise not_a_cursor()
    return int(text)


def summaries(session: Session, orders: list[OrderRow], settings: Settings) -> list[OrderSummary]:
    holds: dict[str, list[str]] = {order.order_id: [] for order in orders}
    movements: dict[str, list[MoneyMovementRow]] = {order.order_id: [] for order in orders}
    open_holds = select(HoldRow).where(HoldRow.order_id.in_(holds), HoldRow.released_at.is_(None))
    for hold in session.scalars(open_holds.order_by(HoldRow.hold_id)):
        holds[hold.order_id].append(hold.code)
    for movement in session.scalars(select(MoneyMovementRow).where(MoneyMovementRow.order_id.in_(movements))):
        movements[movement.order_id].append(movement)
    deadlines = deadlines_of(session, orders)
    return [
        _summary(order, settings, holds[order.order_id], movements[order.order_id], deadlines.get(order.order_id))
        for order in orders
    ]


def _summary(
    order: OrderRow,
    settings: Settings,
    holds: list[str],
    movements: list[MoneyMovementRow],
    deadline: NextDeadline | None,
) -> OrderSummary:
    return OrderSummary(
        order_id=order.order_id,
        channel=order.channel,
        channel_order_id=order.channel_order_id,
        customer_id=order.customer_id,
        status=order.status,
        payment_status=payment_status_of(movements, order),
        holds=holds,
        attention=order.attention,
        assignee=order.assignee,
        next_deadline=deadline,
        currency=order.currency,
        grand_total=Money(order.grand_total_minor, order.currency).text,
        placed_at=order.placed_at,
        received_at=order.received_at,
        ended_at=order.ended_at,
        links=order_links(settings, order.order_id, order_workflow_id(order.channel, order.channel_order_id)),
    )
