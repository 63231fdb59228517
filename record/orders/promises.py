"""Promises of orders: written once the order is paid, with what is due next kept current by every change."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Text, bindparam, func, select
from sqlalchemy.orm import Session

from domain.order import Address
from domain.parameters import Parameters, read_parameters, valid_at
from domain.promises import AT_RISK, DELIVER, NOTHING, SHIP, Policy, PromiseBasis, Promised, moved, next_due, promise
from domain.service_levels import service_level
from domain.status import ORDER, FulfillmentStatus, OrderStatus, is_final
from models.base import table
from models.order import OrderRow
from models.prepared import prepared
from record import journal
from record.journal import Fact
from record.parameters import ParameterCache, dated_rows

Status = FulfillmentStatus
AT_HOME = (Status.OPEN, Status.RELEASED, Status.PICKING, Status.PICKED, Status.PACKED)
WARNING = "at risk: "
"""The prefix of the attention for a deadline, by which it is known from other reasons."""

# Built once: building a statement costs more than sending it.
_ORDERS = table(OrderRow)
_ORDER_ID = bindparam("order_id", type_=Text)
_WHOSE = prepared(
    select(
        func.now().label("since"),
        _ORDERS.c.placed_at,
        _ORDERS.c.channel,
        _ORDERS.c.tags,
        _ORDERS.c.country,
        func.coalesce(_ORDERS.c.repaired_region["province"].astext, _ORDERS.c.province).label("province"),
        _ORDERS.c.promised_ship_by,
        _ORDERS.c.promised_deliver_by,
        _ORDERS.c.due,
        _ORDERS.c.ended_at.is_not(None).label("ended"),
    ).where(_ORDERS.c.order_id == _ORDER_ID)
)
_AT_HOME = ", ".join(f"'{status}'" for status in AT_HOME)
_STANDING = prepared(f"""
    SELECT o.order_id, o.status, o.due, work.here, work.away, work.delivered,
        EXISTS (SELECT FROM backorders b WHERE b.order_id = o.order_id) AS short
    FROM orders o CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE f.status IN ({_AT_HOME})) AS here,
            count(*) FILTER (WHERE f.status = '{Status.SHIPPED}') AS away,
            count(*) FILTER (WHERE f.status = '{Status.DELIVERED}') AS delivered
        FROM fulfillment_orders f WHERE f.order_id = o.order_id) AS work
    WHERE o.order_id = ANY(:orders) AND o.promised_ship_by IS NOT NULL
""")
_PROMISE = prepared(f"""
    UPDATE orders SET promised_ship_by = :promised_ship_by, promised_deliver_by = :promised_deliver_by,
        warn_ship_at = :warn_ship_at, warn_deliver_at = :warn_deliver_at,
        due = '{SHIP}', due_at = :promised_ship_by, warn_at = :warn_ship_at
    WHERE order_id = :order_id
""")
# A deadline that is no longer due is met, and its alert is cleared.
_DUE = prepared(f"""
    WITH changed AS (
        UPDATE orders o SET due = next.due,
            due_at = CASE next.due WHEN '{SHIP}' THEN promised_ship_by WHEN '{DELIVER}' THEN promised_deliver_by END,
            warn_at = CASE next.due WHEN '{SHIP}' THEN warn_ship_at WHEN '{DELIVER}' THEN warn_deliver_at END,
            attention = CASE WHEN attention LIKE '{WARNING}%' THEN NULL ELSE attention END
        FROM unnest(CAST(:orders AS text[]), CAST(:dues AS text[])) AS next(whose, due)
        WHERE o.order_id = next.whose AND o.due <> next.due AND o.promised_ship_by IS NOT NULL
        RETURNING o.order_id
    ), met AS (
        UPDATE deadline_alerts a SET cleared_at = now() FROM changed
        WHERE a.order_id = changed.order_id AND a.cleared_at IS NULL
        RETURNING a.order_id, a.alert_id, a.due)
    SELECT order_id, alert_id, due FROM met ORDER BY order_id, alert_id
""")


def deadlines(whose: PromiseBasis, by_channel: Promised, parameters: Parameters) -> dict[str, datetime | None]:
    """Return the promise and when to warn, by the columns of OrderRow; empty if nothing is promised."""
    policy = _policy(parameters)
    promised = promise(whose, by_channel, policy)
    if promised.ship_by is None:
        return {}
    return {
        "promised_ship_by": promised.ship_by,
        "promised_deliver_by": promised.deliver_by,
        "warn_ship_at": policy.margin.before(whose.since, promised.ship_by),
        "warn_deliver_at": _warn_delivery(policy, promised),
    }


def _policy(parameters: Parameters) -> Policy:
    hours, calendars, days = parameters.ship_hours, parameters.ship_calendars, parameters.delivery_days
    return Policy(hours, calendars, days, parameters.deadline_margin)


def _warn_delivery(policy: Policy, promised: Promised) -> datetime | None:
    """The margin before delivery begins at the promised shipping."""
    arrives, leaves = promised.deliver_by, promised.ship_by
    return policy.margin.before(min(leaves, arrives), arrives) if arrives and leaves else None


def at_another_place(session: Session, row: OrderRow, to: Address) -> tuple[Promised, datetime | None]:
    """Return what the order promises once it goes `to` this address, and when to warn that it will not arrive by then.
    An order that promises nothing yet does so later, by its address then."""
    promised = Promised(row.promised_ship_by, row.promised_deliver_by)
    if not row.due:
        return promised, row.warn_deliver_at
    policy = _policy(read_parameters(valid_at(dated_rows(session), row.placed_at)))
    province = str(row.repaired_region.get("province", row.province))
    before = PromiseBasis(row.placed_at, row.channel, service_level(row.tags), row.country, province)
    promised = moved(promised, before, replace(before, country=to.country, province=to.province), policy)
    return promised, _warn_delivery(policy, promised)


def make_promise(session: Session, order_id: str, cache: ParameterCache) -> None:
    """Promise once when the order ships and is delivered, counted from now; shipping is then due.

    The caller knows that it is paid, or that nobody waits for the money any more.
    """
    row = session.execute(_WHOSE, {"order_id": order_id}).one()
    if row.due or row.ended:
        return
    whose = PromiseBasis(row.since, row.channel, service_level(row.tags), row.country, row.province)
    by_channel = Promised(row.promised_ship_by, row.promised_deliver_by)
    if moments := deadlines(whose, by_channel, cache.at(session, row.placed_at)):
        session.execute(_PROMISE, {"order_id": order_id, **moments})


def update_due(session: Session, *orders: str) -> None:
    """Write what is due next for these orders, which the caller has locked. Two statements however many there are.

    When that changed for an order, its deadline before is met and its alert cleared."""
    session.flush()
    changed = {}
    for now in session.execute(_STANDING, {"orders": list(orders)}):
        ended = is_final(ORDER, OrderStatus(now.status))
        due = next_due(now.here, now.away, now.delivered, short=now.short, ended=ended)
        if due != now.due:
            changed[now.order_id] = due
    _write_due(session, changed)


def end_due(session: Session, order_id: str) -> None:
    """As `update_due`, for an order that has just ended: nothing is due any more."""
    _write_due(session, {order_id: NOTHING})


def _write_due(session: Session, due: Mapping[str, str]) -> None:
    if due:
        met = session.execute(_DUE, {"orders": list(due), "dues": list(due.values())}).all()
        cleared = [(alert.order_id, f"deadline:{alert.alert_id}:over", {"code": AT_RISK[alert.due]}) for alert in met]
        journal.append_facts(session, [Fact(order_id, "alert.cleared", key, data) for order_id, key, data in cleared])
