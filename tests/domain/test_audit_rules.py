"""The audit rules, a line each: what passes, what holds, what rejects."""

import json

import pytest

from domain.audit_facts import HOLD, PASS, AuditFacts, PaymentFacts
from domain.audit_rules import AUDIT_RULES, VERSION, audit, inputs, theme_of
from tests.domain.audit_cases import CASES, ORDER, PASSING, TO, addressed, facts, fetched
from tests.factories import an_order


@pytest.mark.parametrize(("rule", "judged", "verdict", "code"), CASES)
def test_a_rule_says_what_is_wrong_and_the_others_pass(rule: str, judged: AuditFacts, verdict: str, code: str) -> None:
    # when
    findings = audit(judged)

    # then
    (found,) = (finding for finding in findings if finding.verdict != PASS)
    assert (found.rule, found.verdict, found.code) == (rule, verdict, code)
    assert found.reason


def test_every_rule_has_an_order_that_it_stops() -> None:
    assert {rule for rule, *_ in CASES} == {rule.__name__ for rule in AUDIT_RULES}


def test_a_good_order_passes_every_rule() -> None:
    # when
    findings = audit(facts())

    # then
    assert [(finding.rule, finding.verdict) for finding in findings] == [(rule.__name__, PASS) for rule in AUDIT_RULES]


@pytest.mark.parametrize("name", PASSING)
def test_an_order_up_to_the_edge_of_every_rule_passes(name: str) -> None:
    assert [finding for finding in audit(PASSING[name]) if finding.verdict != PASS] == []


def test_every_finding_has_the_version_and_every_rule_a_theme() -> None:
    assert {finding.version for finding in audit(facts())} == {VERSION}
    assert all(theme_of(rule.__name__) in inputs(facts()) for rule in AUDIT_RULES)


@pytest.mark.parametrize(("rule", "judged", "verdict", "code"), CASES)
def test_the_inputs_of_an_audit_are_json_without_names(rule: str, judged: AuditFacts, verdict: str, code: str) -> None:
    told = json.dumps([inputs(judged), [finding.as_json() for finding in audit(judged)]], ensure_ascii=False)
    to = judged.order.ship_to
    assert not any(secret and secret in told for secret in (to.name, to.phone, to.email, *to.lines))


@pytest.mark.parametrize("contact", ["phone", "email"])
def test_a_phone_or_an_email_is_enough(contact: str) -> None:
    assert all(finding.verdict == PASS for finding in audit(addressed(**{contact: ""})))


def test_several_rules_speak_at_once() -> None:
    # given
    nobody_paid_and_nobody_knows_it = facts(payment=PaymentFacts("pending", ORDER.grand_total), products={})

    # when
    findings = audit(nobody_paid_and_nobody_knows_it)

    # then
    assert [finding.code for finding in findings if finding.verdict == HOLD] == ["PAYMENT", "UNKNOWN_GOODS"]


def test_a_reason_stays_short_however_many_lines_there_are() -> None:
    # given
    order = an_order([(f"LAMP-{number}", 1) for number in range(1114)])

    # when
    findings = audit(facts(order, PaymentFacts("captured", order.grand_total), {}))

    # then
    (unknown,) = (finding for finding in findings if finding.code == "UNKNOWN_GOODS")
    assert unknown.reason == "no such product: LAMP-0, LAMP-1, LAMP-10, LAMP-100, LAMP-1000 and 1109 more"


def test_a_pickup_needs_no_street() -> None:
    assert {finding.verdict for finding in audit(fetched())} == {PASS}


@pytest.mark.parametrize(("rule", "judged", "verdict", "code"), CASES)
def test_no_reason_names_a_person(rule: str, judged: AuditFacts, verdict: str, code: str) -> None:
    told = repr(audit(judged))
    assert not any(secret in told for secret in (TO.name, TO.phone, TO.email, TO.lines[0]))
