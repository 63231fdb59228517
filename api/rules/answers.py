"""Answers about versions of the rules, their trials and their log."""

from datetime import datetime
from typing import Any

from api.schemas import Answer


class RuleAnswer(Answer):
    position: int
    name: str
    expression: str
    action: dict[str, Any]
    scope: dict[str, Any]


class RuleSetSummary(Answer):
    """`status` is draft, tried, active or retired; `made_from` is the version that it was copied from."""

    rule_set_id: int
    status: str
    made_from: int | None
    note: str
    created_by: str
    created_at: datetime


class RetiredRuleSet(RuleSetSummary):
    """`held_orders` are those that only its rules hold: `look-again` has them audited without these."""

    held_orders: int


class LookedAgain(Answer):
    """How many orders are audited again, and how many that only its rules hold are left: ask again."""

    asked: int
    left: int


class RuleSetAnswer(RuleSetSummary):
    rules: list[RuleAnswer]


class ChangeAnswer(Answer):
    """The number of orders that would gain (`added`) or lose (`dropped`) this effect, and the ids of some."""

    effect: str
    added: int
    dropped: int
    examples: list[str]


class TrialResult(Answer):
    """The changes that the version would make to the last `orders`, compared with the version `against` (null:
    none)."""

    orders: int
    against: int | None
    changed: int
    matched: dict[str, int]
    failed: dict[str, int]
    changes: list[ChangeAnswer]


class TrialAnswer(Answer):
    trial_id: int
    rule_set_id: int
    at: datetime
    actor: str
    result: TrialResult


class RuleLogEntry(Answer):
    """`what` is created, tried, activated, retired or looked_again."""

    log_id: int
    at: datetime
    actor: str
    what: str
    data: dict[str, Any]
