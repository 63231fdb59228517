"""Rule sets of staff: scopes, actions, precedence and failures."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.rules.samples import SAMPLES
from domain.rules.staff_rules import Gift, Judgement, RuleSet, Scope, staff_rule

ORDINARY = SAMPLES["an ordinary order"]
PLACED = ORDINARY.order.placed_at
HOLD = {"type": "hold", "reason": "look at it", "owner_role": "finance"}


def judged(*rules: tuple[str, dict[str, Any]], scope: Scope = Scope()) -> Judgement:  # noqa: B008  It is frozen.
    named = (staff_rule(f"rule-{number}", rule, action, scope) for number, (rule, action) in enumerate(rules, 1))
    return RuleSet(7, tuple(named)).judge(ORDINARY)


def test_each_action_does_its_part() -> None:
    judgement = judged(
        ("order.units > 1", HOLD),
        ("true", {"type": "reject", "reason": "not to this street"}),
        ("true", {"type": "tag", "tag": "vip"}),
        ("true", {"type": "set_carrier", "carrier": "SF Express"}),
        ("true", {"type": "set_location", "location": "SHANGHAI"}),
        ("true", {"type": "set_priority", "priority": 10}),
        ("true", {"type": "merge_window", "merge_window_seconds": 600}),
        ("true", {"type": "add_gift", "sku": "TEA-SET", "quantity": 2}),
        ("true", {"type": "escalate", "escalate_to": "warehouse-lead", "escalate_after_minutes": 30}),
        ("false", {"type": "tag", "tag": "never"}),
    )

    told = [(found.verdict, found.code, found.owner_role) for found in judgement.findings if found.code]
    assert told == [("hold", "RULE:rule-1", "finance"), ("reject", "RULE:rule-2", "staff")]
    assert (judgement.rule_set_id, judgement.tags) == (7, ["vip"])
    assert judgement.instructions == {
        "carrier": "SF Express",
        "location": "SHANGHAI",
        "priority": 10,
        "merge_window_seconds": 600,
        "escalate_to": "warehouse-lead",
        "escalate_after_minutes": 30,
    }
    assert judgement.gifts == [Gift("rule-8", "TEA-SET", 2)]


def test_the_first_of_two_rules_for_one_instruction_counts() -> None:
    judgement = judged(
        ("true", {"type": "set_carrier", "carrier": "SF Express"}),
        ("true", {"type": "set_carrier", "carrier": "JD Logistics"}),
    )

    assert judgement.instructions == {"carrier": "SF Express"}


@pytest.mark.parametrize("expression", ["1 / (order.units - order.units) > 1", "order.nothing", "not CEL at all", "7"])
def test_a_rule_that_fails_is_a_hold_and_the_others_are_asked(expression: str) -> None:
    judgement = judged((expression, {"type": "tag", "tag": "vip"}), ("true", {"type": "tag", "tag": "new"}))

    [failed] = [found for found in judgement.findings if found.code]
    assert (failed.verdict, failed.code, failed.owner_role) == ("hold", "RULE_FAILED", "rules")
    assert "rule-1" in failed.reason
    assert judgement.tags == ["new"]


@pytest.mark.parametrize(
    ("scope", "covers"),
    [
        (Scope(), True),
        (Scope(channels=frozenset({"web", "app"})), True),
        (Scope(channels=frozenset({"app"})), False),
        (Scope(starts=PLACED, ends=PLACED + timedelta(seconds=1)), True),
        (Scope(ends=PLACED), False),
        (Scope(starts=datetime(2027, 1, 1, tzinfo=UTC)), False),
    ],
)
def test_a_rule_looks_only_at_orders_of_its_scope(scope: Scope, covers: bool) -> None:
    assert bool(judged(("true", HOLD), scope=scope).findings) == covers
