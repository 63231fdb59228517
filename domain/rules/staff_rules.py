"""Rules of staff: named expressions over an order, each with an action, in sets that never change."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from domain.audit_facts import HOLD, PASS, REJECT, Finding
from domain.order import Order
from domain.rules.engine import cel
from domain.rules.facts import RuleFacts
from domain.rules.language import Rule, RuleFailed, compile_rule, context_of
from domain.rules.static_check import is_bounded

FAILED, OWNER = "RULE_FAILED", "rules"

INSTRUCTIONS: Mapping[str, Sequence[str]] = {
    "set_carrier": ("carrier",),
    "set_location": ("location",),
    "set_priority": ("priority",),
    "merge_window": ("merge_window_seconds",),
    "escalate": ("escalate_to", "escalate_after_minutes"),
    "set_sourcing_policy": ("sourcing_policy",),
}
"""Actions that set instructions of the order, with the names of these instructions."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The orders that a rule applies to: of these channels (all if empty), placed from `starts` until `ends`."""

    channels: frozenset[str] = frozenset()
    starts: datetime | None = None
    ends: datetime | None = None

    def covers(self, order: Order) -> bool:
        return (
            (not self.channels or order.channel in self.channels)
            and (self.starts is None or order.placed_at >= self.starts)
            and (self.ends is None or order.placed_at < self.ends)
        )


Elsewhere = Callable[[str, RuleFacts], bool]
"""Evaluates an expression on an order in a process that can be killed. Raises RuleFailed."""


@dataclass(frozen=True, slots=True)
class StaffRule:
    """`action` has a `type` and its fields, as docs/rules.md says.

    `rule` is the bare expression if its cost is not bounded; it is then evaluated `elsewhere`.
    """

    name: str
    rule: Rule | RuleFailed | str
    action: Mapping[str, Any]
    scope: Scope = field(default=Scope())


@dataclass(frozen=True, slots=True)
class WrittenRule:
    """A rule as staff wrote it."""

    name: str
    expression: str
    action: Mapping[str, Any]
    scope: Scope = field(default=Scope())

    def compiled(self) -> StaffRule:
        """The rule ready to be asked. One that cannot be compiled fails whenever it is asked."""
        return staff_rule(self.name, self.expression, self.action, self.scope)


@dataclass(frozen=True, slots=True)
class Gift:
    rule: str
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Judgement:
    """The result of a rule set for an order. `rule_set_id` is None if no set is active. A failed rule is a hold."""

    rule_set_id: int | None = None
    findings: Sequence[Finding] = ()
    tags: Sequence[str] = ()
    instructions: Mapping[str, str | int] = field(default_factory=dict)
    gifts: Sequence[Gift] = ()

    @property
    def effects(self) -> Iterator[str]:
        """Every effect on the order as a text, for comparing two judgements."""
        yield from (f"{found.verdict} {found.code}" for found in self.findings if found.verdict != PASS)
        yield from (f"tag {tag}" for tag in self.tags)
        yield from (f"set {name} {value}" for name, value in self.instructions.items())
        yield from (f"gift {gift.quantity} {gift.sku}" for gift in self.gifts)


@dataclass(frozen=True, slots=True)
class RuleSet:
    """One version of the rules, in order."""

    rule_set_id: int
    rules: tuple[StaffRule, ...]

    def judge(self, facts: RuleFacts, elsewhere: Elsewhere | None = None) -> Judgement:
        """Ask every rule in scope. Those that apply or fail are among the findings.

        A rule whose cost is not bounded is evaluated `elsewhere`, or fails if that is None. If several rules set the
        same instruction, the first one counts.
        """
        context = context_of(facts)
        findings, matched = list[Finding](), list[StaffRule]()
        for rule in self.rules:
            if rule.scope.covers(facts.order):
                finding = _ask(rule, context, facts, elsewhere)
                findings += [finding] if finding else []
                matched += [rule] if finding and finding.code != FAILED else []
        return Judgement(
            self.rule_set_id,
            findings,
            tags=[rule.action["tag"] for rule in matched if rule.action["type"] == "tag"],
            instructions=_instructions(matched),
            gifts=[
                Gift(rule.name, rule.action["sku"], rule.action["quantity"])
                for rule in matched
                if rule.action["type"] == "add_gift"
            ],
        )


def staff_rule(name: str, expression: str, action: Mapping[str, Any], scope: Scope) -> StaffRule:
    """A rule ready to be asked; one that cannot be compiled fails whenever it is asked."""
    try:
        rule = compile_rule(expression)
        return StaffRule(name, rule if is_bounded(expression) else expression, action, scope)
    except RuleFailed as failure:
        return StaffRule(name, failure, action, scope)


def _ask(rule: StaffRule, context: cel.Context, facts: RuleFacts, elsewhere: Elsewhere | None) -> Finding | None:
    try:
        if not _holds(rule.rule, context, facts, elsewhere):
            return None
    except RuleFailed as failure:
        return Finding(rule.name, HOLD, FAILED, f"the rule {rule.name} failed: {failure}", OWNER)
    action = rule.action
    if action["type"] not in (HOLD, REJECT):
        return Finding(rule.name, PASS, "", "")
    code = action.get("code") or f"RULE:{rule.name}"
    return Finding(rule.name, action["type"], code, action["reason"], action.get("owner_role") or "staff")


def _holds(rule: Rule | RuleFailed | str, context: cel.Context, facts: RuleFacts, elsewhere: Elsewhere | None) -> bool:
    if isinstance(rule, RuleFailed):
        raise rule
    if isinstance(rule, Rule):
        return rule.is_true_of(context)
    if elsewhere is None:
        raise RuleFailed("nothing proves what it costs")
    return elsewhere(rule, facts)


def _instructions(matched: Sequence[StaffRule]) -> dict[str, str | int]:
    instructions: dict[str, str | int] = {}
    for rule in matched:
        for name in INSTRUCTIONS.get(rule.action["type"], ()):
            instructions.setdefault(name, rule.action[name])
    return instructions
