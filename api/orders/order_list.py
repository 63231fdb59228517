"""Lists of orders, newest first: filters, and summaries by three statements a page."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from api.links import order_links
from api.orders.answers import NextDeadline, OrderSummary
from api.orders.at_risk import at_location, deadlines_of
from api.orders.view import payment_status_of
from domain.ids import CROCKFORD, order_workflow_id
from domain.money import Money
from domain.status import OrderStatus
from models.order import HoldRow, OrderRow
from models.payment import MoneyMovementRow
from settings import Settings


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Filters of a list; None does not filter. `before` is the last order of the page before."""

    channel: str | None = None
    channel_order_id: str | None = None
    status: OrderStatus | None = None
    hold: str | None = None
    customer: str | None = None
    location: str | None = None
    created_after: datetime | None = None
    before: str | None = None


def find_orders(session: Session, wanted: OrderFilter, limit: int) -> list[OrderRow]:
    """Return matching orders, newest first."""
    found = select(OrderRow).where(*conditions_of(wanted)).order_by(OrderRow.order_id.desc()).limit(limit)
    return list(session.scalars(found))


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


def conditions_of(wanted: OrderFilter) -> list[ColumnElement[bool]]:
    equal = {
        OrderRow.channel: wanted.channel,
        OrderRow.channel_order_id: wanted.channel_order_id,
        OrderRow.status: wanted.status,
        OrderRow.customer_id: wanted.customer,
    }
    conditions: list[ColumnElement[bool]] = [column == value for column, value in equal.items() if value is not None]
    if wanted.hold is not None:
        held = select(HoldRow.order_id).where(HoldRow.code == wanted.hold, HoldRow.released_at.is_(None))
        conditions.append(OrderRow.order_id.in_(held))
    if wanted.location is not None:
        conditions.append(at_location(wanted.location))
    if wanted.created_after is not None:
        conditions.append(OrderRow.order_id >= _first_id_of(wanted.created_after))
    if wanted.before is not None:
        conditions.append(OrderRow.order_id < wanted.before)
    return conditions


def _first_id_of(moment: datetime) -> str:
    """Return the least id of an order received at this moment: ids sort by time, so that no index on time is needed."""
    milliseconds = max(0, int(moment.timestamp() * 1000))
    return "".join(CROCKFORD[(milliseconds << 80 >> shift) & 31] for shift in range(125, -1, -5))


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
        next_deadline=deadline,
        currency=order.currency,
        grand_total=Money(order.grand_total_minor, order.currency).text,
        placed_at=order.placed_at,
        received_at=order.received_at,
        ended_at=order.ended_at,
        links=order_links(settings, order.order_id, order_workflow_id(order.channel, order.channel_order_id)),
    )
