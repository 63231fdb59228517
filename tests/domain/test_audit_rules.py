"""The audit rules, a line each: what passes, what holds, what rejects."""

from dataclasses import replace
from typing import Any

import pytest

from domain.audit_rules import AUDIT_RULES, HOLD, PASS, REJECT, AuditFacts, PaymentFacts, ProductFacts, audit
from domain.money import Money
from domain.order import Order
from tests.factories import LAMP, TEACUP, an_order

ORDER = an_order()
TO = ORDER.ship_to
PAID = PaymentFacts("captured", ORDER.grand_total)
ON_SALE = {LAMP: ProductFacts(on_sale=True), TEACUP: ProductFacts(on_sale=True)}


def facts(order: Order = ORDER, payment: PaymentFacts = PAID, products: Any = ON_SALE) -> AuditFacts:
    return AuditFacts(order, payment, products)


def addressed(**changes: Any) -> AuditFacts:
    return facts(replace(ORDER, ship_to=replace(TO, **changes)))


ONE_LAMP_MORE = ORDER.grand_total + Money(1999, "CNY")
CASES = [
    ("unpaid", facts(payment=PaymentFacts("pending", ORDER.grand_total)), HOLD, "PAYMENT"),
    ("unpaid", facts(payment=PaymentFacts("authorized", ORDER.grand_total)), HOLD, "PAYMENT"),
    ("unpaid", facts(payment=PaymentFacts("unknown")), HOLD, "PAYMENT"),
    ("unpaid", facts(payment=PaymentFacts("silent")), HOLD, "PAYMENT"),
    ("unpaid", facts(payment=PaymentFacts("failed", ORDER.grand_total)), REJECT, "PAYMENT_FAILED"),
    ("unpaid", facts(payment=PaymentFacts("voided", ORDER.grand_total)), REJECT, "PAYMENT_FAILED"),
    ("wrong_amount", facts(payment=PaymentFacts("captured", ONE_LAMP_MORE)), HOLD, "PAYMENT_AMOUNT"),
    (
        "wrong_amount",
        facts(payment=PaymentFacts("captured", Money(ORDER.grand_total.minor_units, "EUR"))),
        HOLD,
        "PAYMENT_AMOUNT",
    ),
    ("wrong_amount", facts(payment=PaymentFacts("captured")), HOLD, "PAYMENT_AMOUNT"),
    (
        "wrong_sums",
        facts(replace(ORDER, grand_total=ONE_LAMP_MORE), PaymentFacts("captured", ONE_LAMP_MORE)),
        HOLD,
        "TOTALS",
    ),
    ("incomplete_address", addressed(name=""), HOLD, "ADDRESS"),
    ("incomplete_address", addressed(phone="", email=""), HOLD, "ADDRESS"),
    ("incomplete_address", addressed(city=""), HOLD, "ADDRESS"),
    ("incomplete_address", addressed(lines=()), HOLD, "ADDRESS"),
    ("incomplete_address", addressed(lines=("",)), HOLD, "ADDRESS"),
    ("unknown_goods", facts(products={LAMP: ProductFacts(on_sale=True)}), HOLD, "UNKNOWN_GOODS"),
    ("not_for_sale", facts(products={**ON_SALE, TEACUP: ProductFacts(on_sale=False)}), HOLD, "NOT_FOR_SALE"),
    ("duplicate", replace(facts(), twin="ORDER-1"), HOLD, "DUPLICATE"),
    ("test_order", facts(replace(ORDER, test=True)), HOLD, "TEST_ORDER"),
]


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


@pytest.mark.parametrize(("rule", "judged", "verdict", "code"), CASES)
def test_no_reason_names_a_person(rule: str, judged: AuditFacts, verdict: str, code: str) -> None:
    told = repr(audit(judged))
    assert not any(secret in told for secret in (TO.name, TO.phone, TO.email, TO.lines[0]))
