"""Cross-border imports of a person: summed from the orders under a lock on that person, and claimed by each order."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from domain.audit_facts import AuditFacts, ImportFacts
from domain.cross_border import import_value, import_year, near
from models.locks import NamedLock, lock_all_named

# An order counts if it was within the limits, or if a person released it all the same.
OF_THE_IMPORTS = text(
    """
    SELECT asked.order_id, found.*
    FROM json_to_recordset(:rows) AS asked (order_id text, token text, currency text, since timestamptz,
        until timestamptz, near timestamptz, far timestamptz), LATERAL (
        SELECT
            coalesce(sum(import_minor) FILTER (WHERE placed_at >= since AND placed_at < until), 0)::bigint
                AS year_minor,
            coalesce(sum(import_minor) FILTER (WHERE placed_at BETWEEN near AND far), 0)::bigint AS near_minor,
            count(*) FILTER (WHERE placed_at BETWEEN near AND far) AS near_orders
        FROM orders AS o WHERE o.buyer_token = asked.token AND o.import_minor IS NOT NULL
            AND o.order_id <> asked.order_id AND o.currency = asked.currency
            AND placed_at BETWEEN least(since, near) AND greatest(until, far)
            AND (import_claimed OR status NOT IN ('received', 'under_review'))
            AND status NOT IN ('canceled', 'rejected', 'expired')
    ) AS found
""".replace("::", r"\:\:")
)
# The orders are locked by their ids: see docs/decisions/group-commit-of-claims.md.
LOCK = text("SELECT FROM orders WHERE order_id = ANY(CAST(:orders AS text[])) ORDER BY order_id FOR NO KEY UPDATE")
CLAIM = text("""
    UPDATE orders SET import_minor = claim.minor, import_claimed = claim.claimed
    FROM json_to_recordset(:rows) AS claim (order_id text, minor bigint, claimed boolean)
    WHERE orders.order_id = claim.order_id
""")


def claim_imports(session: Session, facts: Mapping[str, AuditFacts]) -> dict[str, ImportFacts]:
    """Return the other imports of the person of each cross-border order, and claim its value of the yearly limit.

    Two orders of one person are serialized here, or both would see the same remaining limit.
    """
    imports = {order_id: one for order_id, one in facts.items() if one.cross_border}
    persons = {order_id: one.order.buyer.id_token for order_id, one in imports.items() if one.order.buyer}
    if persons:
        lock_all_named(session, NamedLock.IMPORT_BUYER, set(persons.values()))
        session.execute(LOCK, {"orders": list(persons)})
    found = dict.fromkeys(imports, ImportFacts())
    for wave in _waves(persons):
        found |= _claim(session, {order_id: imports[order_id] for order_id in wave}, persons)
    return found


def _waves(persons: Mapping[str, str]) -> Iterator[list[str]]:
    """Yield the orders so that no person has two in a wave: the second must see what the first claimed."""
    left = dict(persons)
    while left:
        first = {person: order_id for order_id, person in reversed(left.items())}
        yield list(first.values())
        for order_id in first.values():
            del left[order_id]


def _claim(session: Session, wave: Mapping[str, AuditFacts], persons: Mapping[str, str]) -> dict[str, ImportFacts]:
    asked = [_question(order_id, persons[order_id], facts) for order_id, facts in wave.items()]
    rows = session.execute(OF_THE_IMPORTS, {"rows": json.dumps(asked)})
    found = {row.order_id: ImportFacts(row.year_minor, row.near_minor, row.near_orders) for row in rows}
    claims = [
        {"order_id": order_id, "minor": import_value(facts.order).minor_units, "claimed": _fits(facts, found[order_id])}
        for order_id, facts in wave.items()
    ]
    session.execute(CLAIM, {"rows": json.dumps(claims)})
    return found


def _question(order_id: str, token: str, facts: AuditFacts) -> dict[str, Any]:
    order = facts.order
    since, until = import_year(order.placed_at)
    soon, late = near(order.placed_at, facts.parameters.import_split_hours)
    moments = {"since": since, "until": until, "near": soon, "far": late}
    named = {"order_id": order_id, "token": token, "currency": order.currency}
    return named | {name: moment.isoformat() for name, moment in moments.items()}


def _fits(facts: AuditFacts, imports: ImportFacts) -> bool:
    value, limit = import_value(facts.order), facts.parameters.import_year_limit
    return bool(
        limit and limit.currency == value.currency and value.minor_units + imports.year_minor <= limit.minor_units
    )
