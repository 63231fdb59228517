"""Orders whose deadline is at risk or was missed, the most urgent first."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import ColumnElement, exists, select, tuple_
from sqlalchemy.orm import Session

from api.inputs import moment_key, read_moment
from api.orders.answers import NextDeadline, Promised
from models.deadlines import DeadlineAlertRow
from models.fulfillment import FulfillmentOrderRow
from models.order import OrderRow

_OPEN = DeadlineAlertRow.cleared_at.is_(None)


def orders_at_risk(
    session: Session, conditions: Iterable[ColumnElement[bool]], limit: int, cursor: str | None
) -> list[tuple[OrderRow, datetime]]:
    """Return matching orders with an open alert, each with its deadline. `cursor` is the `place` of the last one
    shown."""
    alert = DeadlineAlertRow
    key = tuple_(alert.due_at, alert.order_id)
    found = select(OrderRow, alert.due_at).join(alert, alert.order_id == OrderRow.order_id)
    found = found.where(_OPEN, *conditions)
    if cursor is not None:
        found = found.where(key > read_moment(cursor))
    rows = session.execute(found.order_by(*key.clauses).limit(limit)).all()
    return [(order, due_at) for order, due_at in rows]


def is_at_risk() -> ColumnElement[bool]:
    """Match orders with an open alert."""
    return OrderRow.order_id.in_(select(DeadlineAlertRow.order_id).where(_OPEN))


def place(order: OrderRow, due_at: datetime) -> str:
    """Return the position of an order in the list."""
    return moment_key(due_at, order.order_id)


def at_location(location: str) -> ColumnElement[bool]:
    """Match orders on which this location works or worked."""
    work = FulfillmentOrderRow
    return exists().where(work.order_id == OrderRow.order_id, work.location_id == location)


def deadlines_of(session: Session, orders: Iterable[OrderRow]) -> dict[str, NextDeadline]:
    """Return the next deadline by order, without orders that have none."""
    due = {order.order_id: order for order in orders if order.due_at is not None}
    still = select(DeadlineAlertRow).where(DeadlineAlertRow.order_id.in_(due), _OPEN)
    alerts = {alert.order_id: alert for alert in session.scalars(still)}
    return {order_id: _deadline(order, alerts.get(order_id)) for order_id, order in due.items()}


def promised(order: OrderRow) -> Promised:
    return Promised(ship_by=order.promised_ship_by, deliver_by=order.promised_deliver_by)


def _deadline(order: OrderRow, alert: DeadlineAlertRow | None) -> NextDeadline:
    owner, escalated = (alert.owner, alert.escalated_at) if alert else (None, None)
    return NextDeadline.model_validate(
        {"due": order.due, "at": order.due_at, "at_risk": alert is not None, "owner": owner, "escalated_at": escalated}
    )
