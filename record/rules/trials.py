"""Trials: what a version would have done to past orders, compared with the active version."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.rules.staff_rules import FAILED, Judgement
from models.order import OrderRow
from models.rules import RuleSetRow, RuleTrialRow
from record.rules.confined import Confined
from record.rules.facts import facts_of
from record.rules.versions import active_id, load_written, write_log

EXAMPLES = 5
AT_ONCE = 200
"""Orders in memory at a time."""


@dataclass
class Change:
    """One effect that orders would gain or lose, with the ids of some of them."""

    effect: str
    added: int = 0
    dropped: int = 0
    examples: list[str] = field(default_factory=list)


@dataclass
class Trial:
    """`against` is the version it was compared with, null for none. `matched` and `failed` count orders by rule."""

    orders: int = 0
    against: int | None = None
    changed: int = 0
    matched: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    changes: dict[str, Change] = field(default_factory=dict)

    def add(self, order_id: str, judged: Judgement, before: Judgement) -> None:
        self.orders += 1
        for found in judged.findings:
            counts = self.failed if found.code == FAILED else self.matched
            counts[found.rule] += 1
        now, then = set(judged.effects), set(before.effects)
        self.changed += now != then
        for effect in sorted(now ^ then):
            change = self.changes.setdefault(effect, Change(effect))
            change.added += effect in now
            change.dropped += effect in then
            if len(change.examples) < EXAMPLES:
                change.examples.append(order_id)

    @property
    def result(self) -> dict[str, Any]:
        """The trial as JSON, the most frequent changes first."""
        ordered = sorted(self.changes.values(), key=lambda change: -(change.added + change.dropped))
        counts = {"matched": dict(self.matched), "failed": dict(self.failed)}
        return {
            "orders": self.orders,
            "against": self.against,
            "changed": self.changed,
            **counts,
            "changes": [asdict(change) for change in ordered],
        }


def try_set(
    session: Session, row: RuleSetRow, orders: int, channel: str | None, actor: str, confined: Confined
) -> RuleTrialRow:
    """Run a version over the newest `orders` orders and store what it would change; nothing else is written.

    Raises OverBudget when a version takes too long.
    """
    active = active_id(session)
    tried = row.rule_set_id, load_written(session, row.rule_set_id)
    before = active or 0, load_written(session, active) if active else ()
    trial = Trial(against=active)
    for part in _last_orders(session, orders, channel):
        facts = facts_of(session, part)
        now, then = confined.judge(*tried, facts), confined.judge(*before, facts)
        for order_id in facts:
            trial.add(order_id, now[order_id], then[order_id])
        session.expunge_all()
    row = session.get_one(RuleSetRow, row.rule_set_id, with_for_update=True)
    if row.status == "draft":
        row.status = "tried"
    kept = RuleTrialRow(rule_set_id=row.rule_set_id, actor=actor, result=trial.result)
    session.add(kept)
    data = {"orders": trial.orders, "channel": channel, "changed": trial.changed}
    write_log(session, row.rule_set_id, actor, "tried", data)
    session.flush()
    session.refresh(kept)
    return kept


def _last_orders(session: Session, orders: int, channel: str | None) -> Iterator[Sequence[OrderRow]]:
    """Yield the newest first, AT_ONCE at a time."""
    wanted = select(OrderRow).order_by(OrderRow.order_id.desc())
    if channel is not None:
        wanted = wanted.where(OrderRow.channel == channel)
    last = None
    while orders > 0:
        this = wanted if last is None else wanted.where(OrderRow.order_id < last)
        part = session.scalars(this.limit(min(AT_ONCE, orders))).all()
        if not part:
            return
        last = part[-1].order_id
        yield part
        orders -= len(part)
