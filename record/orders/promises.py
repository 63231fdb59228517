"""Promises of orders: written once the order is paid, with what is due next kept current by every change."""

from datetime import datetime

from sqlalchemy import Text, bindparam, exists, func, select, text
from sqlalchemy.orm import Session

from domain.parameters import Parameters
from domain.promises import AT_RISK, SHIP, Policy, PromiseBasis, Promised, next_due, promise
from domain.service_levels import service_level
from domain.status import ORDER, FulfillmentStatus, OrderStatus, is_final
from models.base import table
from models.fulfillment import FulfillmentOrderRow
from models.order import OrderRow
from models.stock import BackorderRow
from record import journal
from record.parameters import ParameterCache

Status = FulfillmentStatus
AT_HOME = (Status.OPEN, Status.RELEASED, Status.PICKING, Status.PICKED, Status.PACKED)
WARNING = "at risk: "
"""The prefix of the attention for a deadline, by which it is known from other reasons."""

# Built once: building a statement costs more than sending it.
_ORDERS, _WORK, _SHORT = table(OrderRow), table(FulfillmentOrderRow), table(BackorderRow)
_ORDER_ID = bindparam("order_id", type_=Text)
_WHOSE = select(
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
_STANDING = select(
    func.count().filter(_WORK.c.status.in_(AT_HOME)).label("here"),
    func.count().filter(_WORK.c.status == Status.SHIPPED).label("away"),
    func.count().filter(_WORK.c.status == Status.DELIVERED).label("delivered"),
    exists().where(_SHORT.c.order_id == _ORDER_ID).label("short"),
    select(_ORDERS.c.status).where(_ORDERS.c.order_id == _ORDER_ID).scalar_subquery().label("status"),
).where(_WORK.c.order_id == _ORDER_ID)
_PROMISE = text(f"""
    UPDATE orders SET promised_ship_by = :promised_ship_by, promised_deliver_by = :promised_deliver_by,
        warn_ship_at = :warn_ship_at, warn_deliver_at = :warn_deliver_at,
        due = '{SHIP}', due_at = :promised_ship_by, warn_at = :warn_ship_at
    WHERE order_id = :order_id
""")
_DUE = text(f"""
    UPDATE orders SET due = :due,
        due_at = CASE :due WHEN 'ship' THEN promised_ship_by WHEN 'deliver' THEN promised_deliver_by END,
        warn_at = CASE :due WHEN 'ship' THEN warn_ship_at WHEN 'deliver' THEN warn_deliver_at END,
        attention = CASE WHEN attention LIKE '{WARNING}%' THEN NULL ELSE attention END
    WHERE order_id = :order_id AND due <> :due AND promised_ship_by IS NOT NULL
    RETURNING order_id
""")
_MET = text("""
    UPDATE deadline_alerts SET cleared_at = now() WHERE order_id = :order_id AND cleared_at IS NULL
    RETURNING alert_id, due
""")


def deadlines(whose: PromiseBasis, by_channel: Promised, parameters: Parameters) -> dict[str, datetime | None]:
    """Return the promise and when to warn, by the columns of OrderRow; empty if nothing is promised."""
    policy = Policy(
        parameters.ship_hours, parameters.ship_calendars, parameters.delivery_days, parameters.deadline_margin
    )
    promised = promise(whose, by_channel, policy)
    if promised.ship_by is None:
        return {}
    arrives = promised.deliver_by
    return {
        "promised_ship_by": promised.ship_by,
        "promised_deliver_by": arrives,
        "warn_ship_at": policy.margin.before(whose.since, promised.ship_by),
        # The margin before delivery begins at the promised shipping.
        "warn_deliver_at": policy.margin.before(min(promised.ship_by, arrives), arrives) if arrives else None,
    }


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


def update_due(session: Session, order_id: str) -> None:
    """Write what is due next for the order. When that changed, the deadline before is met and its alert cleared."""
    session.flush()
    now = session.execute(_STANDING, {"order_id": order_id}).one()
    ended = is_final(ORDER, OrderStatus(now.status))
    due = next_due(now.here, now.away, now.delivered, short=now.short, ended=ended)
    if session.execute(_DUE, {"order_id": order_id, "due": due}).first() is None:
        return
    for alert in session.execute(_MET, {"order_id": order_id}).all():
        data = {"code": AT_RISK[alert.due]}
        journal.append_fact(session, order_id, "alert.cleared", f"deadline:{alert.alert_id}:over", data)
