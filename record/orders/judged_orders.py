"""Orders that were judged, locked so that their audits can be written: only what has not changed meanwhile is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ARRAY, Row, Text, any_, bindparam, func, select
from sqlalchemy.orm import Session

from domain.audit_facts import AuditFacts, Finding
from domain.rules.staff_rules import Judgement
from domain.status import OrderStatus
from models.base import table
from models.locks import with_patience
from models.order import OrderRow
from models.prepared import prepared

UNJUDGED = (OrderStatus.RECEIVED, OrderStatus.UNDER_REVIEW)

# Built once: building a statement costs more than sending it.
_ORDERS = table(OrderRow)
_READ = (
    *("order_id", "version", "status", "ended_at", "channel", "country", "tags", "instructions"),
    *("promised_ship_by", "promised_deliver_by", "due", "payment_terms"),
)
# No other transaction changes them until this one ends.
_LOCK_ORDERS = prepared(
    with_patience(
        select(
            func.now().label("since"),
            *[_ORDERS.c[name] for name in _READ],
            func.coalesce(_ORDERS.c.repaired_region["province"].astext, _ORDERS.c.province).label("province"),
        )
        .where(_ORDERS.c.order_id == any_(bindparam("orders", type_=ARRAY(Text))))
        .order_by(_ORDERS.c.order_id)
        .with_for_update(key_share=True)
    )
)
# Read after the orders are locked: a concurrent audit with the same key, or a capture, has committed by now.
_READ_BOOKED = prepared(
    """
    SELECT asked.order_id, EXISTS (SELECT FROM step_results AS r WHERE r.key = asked.key) AS answered,
        booked.times, booked.minor
    FROM unnest(:orders, :keys, :currencies) AS asked (order_id, key, currency), LATERAL (
        SELECT count(*) AS times,
            coalesce(sum(amount_minor) FILTER (WHERE m.currency = asked.currency), 0)::bigint AS minor
        FROM money_movements AS m WHERE m.order_id = asked.order_id AND m.kind = 'captured'
            AND strpos(m.key, '@') = 0) AS booked
""".replace("::", r"\:\:")
).bindparams(*[bindparam(name, type_=ARRAY(Text)) for name in ("orders", "keys", "currencies")])


@dataclass(frozen=True, slots=True)
class JudgedOrder:
    """What an audit found about one version of an order: `key` is that of its step, `audited` its row in JSON.
    `follow_up` means that a return placed it, so that no money of its own is captured. `round` is that of the
    allocation which may be made with the audit; 0 for none."""

    order_id: str
    revision: int
    key: str
    version: int
    follow_up: bool
    facts: AuditFacts
    staff: Judgement
    findings: Sequence[Finding]
    audited: str
    round: int = 0


@dataclass(frozen=True, slots=True)
class LockedOrder:
    """The order as it is now, and how much of its payment is booked."""

    row: Row[Any]
    times: int
    booked: int

    @property
    def waits(self) -> bool:
        """True if no work has begun on it, so that it can be accepted."""
        return self.row.status in UNJUDGED


def lock_judged(session: Session, judged: Mapping[str, JudgedOrder], patience: str | None) -> dict[str, LockedOrder]:
    """Lock the orders, by id, in the order of their ids. Return those that still have the version that was judged, and
    whose step was not taken meanwhile.

    From here on the transaction waits at most `patience` for a lock, such as `1s`; None keeps the database's setting.
    """
    named = {"orders": list(judged), "patience": patience}
    rows = {row.order_id: row for row in session.execute(_LOCK_ORDERS, named)}
    same = [one for order_id, one in judged.items() if rows[order_id].version == one.version]
    if not same:
        return {}
    asked = {
        "orders": [one.order_id for one in same],
        "keys": [one.key for one in same],
        "currencies": [one.facts.payment.amount.currency if one.facts.payment.amount else "" for one in same],
    }
    booked = session.execute(_READ_BOOKED, asked).all()
    return {one.order_id: LockedOrder(rows[one.order_id], one.times, one.minor) for one in booked if not one.answered}
