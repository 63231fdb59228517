"""No staff rule takes more than its budget of CPU, and no order is stopped by one that does."""

import time
from dataclasses import replace
from typing import Any

import pytest

from commands.keys import create_key
from domain.rules.facts import RuleFacts
from domain.rules.language import RuleFailed
from domain.rules.samples import SAMPLES
from domain.rules.staff_rules import FAILED, RuleSet, WrittenRule
from domain.rules.static_check import MAX_RULE_COST, MAX_SET_COST, cost_of
from models.database import Sessions
from record.rules import confined as budget
from record.rules.confined import Confined, OverBudget
from tests.api.conftest import Api, Connect, assert_problem, fields

ORDINARY: RuleFacts = SAMPLES["an ordinary order"]
LARGEST: RuleFacts = SAMPLES["an order of 2,000 lines"]
JOINED = "(" + " + ".join(["order.lines"] * 60) + ").size() > 0"
"""Refusing it once took half a minute."""
GROWING = "(" + " + ".join(["order.lines.map(l, order.lines)"] * 8) + ").size() > 0"
HOLD = {"type": "hold", "reason": "look at it"}


@pytest.fixture
def admin(one_confined: None, connect: Connect, sessions: Sessions) -> Api:
    return connect(create_key(sessions, "Ada of rules", "admin"))


def test_a_too_costly_saved_rule_is_stopped_and_the_others_go_on(confined: Confined) -> None:
    # given an active version with a rule that could not be saved today
    old = WrittenRule("old", JOINED, HOLD).compiled()
    new = WrittenRule("new", "order.units > 1", {"type": "tag", "tag": "many"}).compiled()
    rule_set = RuleSet(7, (old, new))

    # when the largest possible order is judged
    judged = rule_set.judge(LARGEST, confined.holds)

    # then that rule fails, which is a hold with its name, and the other one judges
    assert [found.code for found in judged.findings] == [FAILED, ""]
    assert "stopped" in judged.findings[0].reason
    assert list(judged.tags) == ["many"]
    # and on an ordinary order both judge
    assert [found.verdict for found in rule_set.judge(ORDINARY, confined.holds).findings] == ["hold", "pass"]


def test_a_rule_over_budget_is_killed_and_the_next_one_judges(confined: Confined) -> None:
    with pytest.raises(RuleFailed, match="stopped"):
        confined.holds(GROWING, LARGEST)
    assert confined.holds("order.units > 1", ORDINARY)


def test_a_rule_that_mixes_kinds_is_reported_from_the_confined_process(confined: Confined) -> None:
    with pytest.raises(RuleFailed, match="mixes kinds"):
        confined.holds("order.total * 2 > 5.0", ORDINARY)
    mistake = confined.check("order.total * 2 > 5.0")
    assert mistake is not None
    assert confined.check("order.total > 2.0") is None


def test_a_trial_ends_with_its_budget(confined: Confined, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "JUDGE_SECONDS", 1)
    orders = {str(number): LARGEST for number in range(8)}
    with pytest.raises(OverBudget):
        confined.judge(7, [WrittenRule("old", JOINED, HOLD)], orders)
    judged = confined.judge(7, [WrittenRule("new", "order.units > 1", HOLD)], {"1": ORDINARY})
    assert [found.verdict for found in judged["1"].findings] == ["hold"]


def test_the_confined_process_knows_no_secret(confined: Confined, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATON_TRACE_KEY", "5e" * 32)
    fresh = Confined()
    fresh.holds("order.units > 1", ORDINARY)
    assert fresh._helper is not None
    with open(f"/proc/{fresh._helper.process.pid}/environ") as environment:
        assert "BATON" not in environment.read()
    fresh.close()


async def test_a_list_joined_to_itself_is_refused_at_once(admin: Api) -> None:
    rule: dict[str, Any] = {"name": "slow", "expression": JOINED, "action": {"type": "tag", "tag": "x"}}
    began = time.process_time()
    answer = await admin.post("/rule-sets", json={"rules": [rule]})
    assert time.process_time() - began < 1
    assert fields(assert_problem(answer, 422, "invalid")) == ["rules[0].expression"]


async def test_rules_that_are_too_costly_together_are_refused(admin: Api) -> None:
    # What bounds the cost are the loops, though the first line ends each.
    one = " || ".join(["order.lines.exists(l, l.quantity > 0)"] * 4)
    assert MAX_RULE_COST / 2 < cost_of(one) < MAX_RULE_COST
    number = MAX_SET_COST // cost_of(one) + 1
    rules = [{"name": f"r{each}", "expression": one, "action": HOLD} for each in range(number)]
    assert fields(assert_problem(await admin.post("/rule-sets", json={"rules": rules}), 422, "invalid")) == ["rules"]


def test_a_bounded_rule_takes_no_more_than_its_cost_on_the_largest_order() -> None:
    # Half a millisecond of CPU for each unit of cost on a busy machine, times eight.
    for expression in (
        " && ".join(["order.lines.size() > 3"] * 10),
        "order.lines.exists(l, " + " || ".join(["l.quantity in [1, 2]"] * 15) + " && false)",
    ):
        rules = RuleSet(1, (WrittenRule("dear", expression, HOLD).compiled(),))
        began = time.thread_time()
        rules.judge(replace(LARGEST))
        assert time.thread_time() - began < cost_of(expression) * 0.004
