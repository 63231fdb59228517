"""Versions of staff's rules: write, load, activate and retire them; each has a log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from domain.rules.staff_rules import RuleSet, Scope, WrittenRule
from models.rules import RuleRow, RuleSetLogRow, RuleSetRow


class NotThatWay(Exception):
    """The version's status does not allow this; the text says why."""


@dataclass(frozen=True, slots=True)
class Draft:
    """One rule as written; `action` and `scope` are JSON."""

    name: str
    expression: str
    action: Mapping[str, Any]
    scope: Mapping[str, Any] = field(default_factory=dict)


def active_id(session: Session) -> int | None:
    """Return the id of the active version, or None."""
    return session.scalar(select(RuleSetRow.rule_set_id).where(RuleSetRow.status == "active"))


def rules_of(session: Session, rule_set_id: int) -> Sequence[RuleRow]:
    wanted = select(RuleRow).where(RuleRow.rule_set_id == rule_set_id).order_by(RuleRow.position)
    return session.scalars(wanted).all()


def load_written(session: Session, rule_set_id: int) -> tuple[WrittenRule, ...]:
    """Return the rules of a version as written."""
    rows = rules_of(session, rule_set_id)
    return tuple(WrittenRule(row.name, row.expression, row.action, _scope(row.scope)) for row in rows)


def load_set(session: Session, rule_set_id: int) -> RuleSet:
    """Return a version, compiled."""
    return RuleSet(rule_set_id, tuple(rule.compiled() for rule in load_written(session, rule_set_id)))


def save_draft(session: Session, rules: Sequence[Draft], made_from: int | None, note: str, actor: str) -> RuleSetRow:
    """Write a new version of these rules, which the caller has checked."""
    row = RuleSetRow(made_from=made_from, note=note, created_by=actor)
    session.add(row)
    session.flush()
    session.add_all(
        RuleRow(
            rule_set_id=row.rule_set_id,
            position=position,
            name=rule.name,
            expression=rule.expression,
            action=dict(rule.action),
            scope=dict(rule.scope),
        )
        for position, rule in enumerate(rules, 1)
    )
    write_log(session, row.rule_set_id, actor, "created", {"made_from": made_from, "note": note})
    session.flush()
    session.refresh(row)
    return row


def activate(session: Session, row: RuleSetRow, actor: str, reason: str, force: bool) -> None:
    """Make this version active and retire the one before. Raises NotThatWay."""
    # Two concurrent activations would violate the unique index, so they take turns.
    session.execute(text("LOCK TABLE rule_sets IN SHARE ROW EXCLUSIVE MODE"))
    session.refresh(row)
    if row.status == "draft" and not force:
        raise NotThatWay("try it on past orders first, or force it with a reason")
    if row.status not in ("draft", "tried"):
        raise NotThatWay(f"it is {row.status}; make a new version from it")
    before = session.scalar(select(RuleSetRow).where(RuleSetRow.status == "active"))
    if before:
        before.status = "retired"
        write_log(session, before.rule_set_id, actor, "retired", {"replaced_by": row.rule_set_id})
        session.flush()
    row.status = "active"
    write_log(session, row.rule_set_id, actor, "activated", {"reason": reason, "forced": force})


def retire(session: Session, row: RuleSetRow, actor: str, reason: str) -> None:
    """Retire a version; while none is active only the built-in checks judge. Raises NotThatWay."""
    session.refresh(row, with_for_update=True)
    if row.status == "retired":
        raise NotThatWay("it is retired already")
    row.status = "retired"
    write_log(session, row.rule_set_id, actor, "retired", {"reason": reason})


def write_log(session: Session, rule_set_id: int, actor: str, what: str, data: Mapping[str, Any]) -> None:
    session.add(RuleSetLogRow(rule_set_id=rule_set_id, actor=actor, what=what, data=dict(data)))


def _scope(fields: Mapping[str, Any]) -> Scope:
    starts, ends = fields.get("starts"), fields.get("ends")
    return Scope(
        frozenset(fields.get("channels") or ()),
        datetime.fromisoformat(starts) if starts else None,
        datetime.fromisoformat(ends) if ends else None,
    )
