"""Orders that only rules of a retired version hold: they are audited again, and go on if nothing else holds them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from domain.audit_facts import HOLD
from domain.rules.staff_rules import FAILED
from models.rules import RuleSetLogRow, RuleSetRow
from record.channels.events import changed
from record.messages.partner_events import INSERT_EVENTS, event_row
from record.recordset import json_array
from record.rules.versions import NotThatWay, rules_of, write_log

AT_ONCE = 1_000
"""Orders that are audited again in one go, so that they do not stand before all others."""
# A version counts as the holder if the last audit was by it, and every open hold has a code of its rules.
HELD = text("""
    SELECT o.order_id, o.channel, o.channel_order_id, last.revision
    FROM orders o, LATERAL (SELECT revision, rule_set_id FROM audits WHERE audits.order_id = o.order_id
                            ORDER BY revision DESC LIMIT 1) AS last
    WHERE o.status = 'under_review' AND last.rule_set_id = :rule_set_id
        AND o.order_id IN (SELECT order_id FROM holds WHERE code = ANY(:codes) AND released_at IS NULL)
        AND NOT EXISTS (SELECT FROM holds WHERE holds.order_id = o.order_id AND released_at IS NULL
                        AND code <> ALL(:codes))
    ORDER BY o.order_id
""")


def held_orders(session: Session, rule_set_id: int) -> int:
    """Return the number of orders that nothing holds but rules of this version."""
    return len(_held(session, rule_set_id))


def look_again(session: Session, row: RuleSetRow, actor: str) -> tuple[int, int]:
    """Have up to AT_ONCE of these orders audited again; return how many, and how many are left.

    Safe to repeat: an order that was not audited since is not asked twice. Raises NotThatWay unless it is retired.
    """
    session.refresh(row, with_for_update=True)
    if row.status != "retired":
        raise NotThatWay(f"it is {row.status}: retire it first")
    held = _held(session, row.rule_set_id)
    events = [
        changed(one.channel, one.channel_order_id, f"rules:{row.rule_set_id}:{one.revision}") for one in held[:AT_ONCE]
    ]
    new = session.execute(INSERT_EVENTS, {"rows": json_array(map(event_row, events))}).all()
    if new:
        write_log(session, row.rule_set_id, actor, "looked_again", {"orders": len(new)})
    return len(new), len(held) - len(events)


def seconds_retired(session: Session, rule_set_id: int) -> float:
    """Return for how many seconds the version has been retired; 0 if it is not."""
    ago = func.extract("epoch", func.clock_timestamp() - func.max(RuleSetLogRow.at))
    mine = RuleSetLogRow.rule_set_id == rule_set_id, RuleSetLogRow.what == "retired"
    return float(session.scalar(select(ago).where(*mine)) or 0)


def _held(session: Session, rule_set_id: int) -> Sequence[Any]:
    actions = [(rule.name, rule.action) for rule in rules_of(session, rule_set_id)]
    codes = {action.get("code") or f"RULE:{name}" for name, action in actions if action["type"] == HOLD}
    return session.execute(HELD, {"rule_set_id": rule_set_id, "codes": [*sorted(codes), FAILED]}).all()
