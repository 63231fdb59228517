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
    """`what` is created, tried, activated or retired."""

    log_id: int
    at: datetime
    actor: str
    what: str
    data: dict[str, Any]
