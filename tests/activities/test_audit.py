"""The audit as a step: it asks the gateway, books the payment, and raises and lifts holds."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from activities.audit import Audit, AuditRequest
from activities.audit_findings import AuditResult
from activities.holds import Hold, OpenHolds
from integrations.http import PartnerHttp
from integrations.payments import Payments
from models.order import AuditRow, HoldRow, OrderRow
from models.payment import MoneyMovementRow
from models.stock import ProductRow
from record.parameters import ParameterCache
from record.rules.confined import Confined
from record.rules.staff_rules import StaffRules
from tests.activities.story import Steps
from tests.factories import LAMP, LAMPS_AND_CUP, TEACUP, an_order, events_of, place_order, place_orders

OWNERS = {"PAYMENT": "finance", "NOT_FOR_SALE": "merchandising"}


@pytest.fixture
def customer(address: str) -> Iterator[httpx2.Client]:
    """A client of the gateway, to pay as the customer does."""
    with httpx2.Client(base_url=address) as client:
        yield client


def pay(customer: httpx2.Client, reference: str, status: str, amount: str = "67.97") -> None:
    payment = {"reference": reference, "amount": amount, "currency": "CNY", "status": status}
    assert customer.post("/payments/payments", json=payment).status_code == 201


def audited(steps: Steps, revision: int = 1) -> AuditResult:
    return steps.audit.audit_order(AuditRequest(steps.order_id, revision))


def held_by(*codes: str) -> AuditResult:
    """The result of an audit that holds the order by these codes, each with its owner."""
    owners = {code: OWNERS.get(code, "staff") for code in codes}
    return AuditResult("hold", OpenHolds(list(codes), owners))


def paying_with(reference: str, steps: Steps) -> Steps:
    return replace(steps, order_id=place_order(steps.sessions, LAMPS_AND_CUP, payment_reference=reference), stored={})


def status_of(steps: Steps) -> str:
    with steps.sessions() as session:
        return session.get_one(OrderRow, steps.order_id).status


def test_a_paid_order_is_accepted_and_its_money_is_written_down(steps: Steps) -> None:
    # when
    result = audited(steps)

    # then
    assert result == AuditResult("pass")
    assert status_of(steps) == "accepted"
    assert events_of(steps.sessions, steps.order_id) == ["payment.captured", "order.accepted"]
    with steps.sessions() as session:
        money = session.scalars(select(MoneyMovementRow)).one()
        assert (money.kind, money.amount_minor, money.currency) == ("captured", 6797, "CNY")


@pytest.mark.parametrize("status", ["pending", "authorized"])
def test_an_order_is_held_until_its_payment_is_captured(status: str, steps: Steps, customer: httpx2.Client) -> None:
    # given
    waiting = paying_with(f"ALI-LATER-{status}", steps)
    pay(customer, f"ALI-LATER-{status}", status)
    held = audited(waiting)
    before = status_of(waiting)
    pay(customer, f"ALI-LATER-{status}", "captured")

    # when
    passed = audited(waiting, revision=2)

    # then
    assert (held, before) == (held_by("PAYMENT"), "under_review")
    assert (passed, status_of(waiting)) == (AuditResult("pass"), "accepted")


@pytest.mark.parametrize("status", ["failed", "voided"])
def test_a_failed_or_voided_payment_rejects_the_order(status: str, steps: Steps, customer: httpx2.Client) -> None:
    # given
    broke = paying_with(f"ALI-NEVER-{status}", steps)
    pay(customer, f"ALI-NEVER-{status}", status)

    # when
    result = audited(broke)

    # then
    assert result == AuditResult("reject", OpenHolds(), f"the gateway says the payment is {status}")


def test_an_unknown_payment_is_held_for_finance(steps: Steps) -> None:
    assert audited(paying_with("ALI-NOBODY", steps)) == held_by("PAYMENT")


def test_a_silent_gateway_causes_a_hold_and_not_a_failure(steps: Steps, unreachable: PartnerHttp) -> None:
    # given
    deaf = replace(steps, audit=Audit(steps.sessions, Payments(unreachable), ParameterCache(), StaffRules(Confined())))
    held = audited(deaf)

    # when
    passed = audited(steps, revision=2)

    # then
    assert held == held_by("PAYMENT")
    assert passed == AuditResult("pass")


def test_an_audit_does_not_lift_a_hold_that_a_person_raised(steps: Steps) -> None:
    # given
    paying = paying_with("ALI-NOBODY", steps)
    audited(paying)
    paying.holds.raise_hold(Hold(paying.order_id, "FRAUD", "a strange night", "staff", "FRAUD:1"))

    # when
    result = audited(paying, revision=2)

    # then
    assert result == held_by("FRAUD", "PAYMENT")


def test_goods_back_on_sale_lift_the_hold(steps: Steps) -> None:
    # given
    with steps.sessions.begin() as session:
        session.get_one(ProductRow, LAMP).on_sale = False
    held = audited(steps)
    with steps.sessions.begin() as session:
        session.get_one(ProductRow, LAMP).on_sale = True

    # when
    passed = audited(steps, revision=2)

    # then
    assert held == held_by("NOT_FOR_SALE")
    assert passed == AuditResult("pass")
    with steps.sessions() as session:
        assert [row.revision for row in session.scalars(select(AuditRow).order_by(AuditRow.revision))] == [1, 2]


PLACED = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


def ordered_again(steps: Steps, **changes: Any) -> Steps:
    """Place the same order nine minutes later; duplicates are looked for within ten minutes."""
    again = an_order(**{"placed_at": PLACED + timedelta(minutes=9), **changes})
    order_id = place_orders(steps.sessions, [again])[0]
    audit = Audit(steps.sessions, steps.audit.payments, ParameterCache(), StaffRules(Confined()), timedelta(minutes=10))
    return replace(steps, audit=audit, order_id=order_id, stored={})


def test_the_same_order_again_within_the_window_waits_for_a_person(steps: Steps) -> None:
    # given an order, and the same again nine minutes later under another number
    again = ordered_again(steps)

    # when
    result = audited(again)

    # then the hold names the first order, which itself goes on
    assert result == held_by("DUPLICATE")
    with steps.sessions() as session:
        hold = session.scalars(select(HoldRow)).one()
        assert (hold.order_id, hold.reason.split()[-1]) == (again.order_id, steps.order_id)
    assert audited(replace(again, order_id=steps.order_id)) == AuditResult("pass")


def test_an_order_repeated_after_a_cancellation_is_no_duplicate(steps: Steps) -> None:
    again = ordered_again(steps)
    assert audited(again).open.codes == ["DUPLICATE"]
    with steps.sessions.begin() as session:
        session.get_one(OrderRow, steps.order_id).status = "canceled"
    assert audited(again, 2) == AuditResult("pass")


@pytest.mark.parametrize(
    "changes",
    [
        {"placed_at": PLACED + timedelta(minutes=11)},
        {"customer_id": "SOMEBODY-ELSE"},
        {"lines": [(LAMP, 3)]},
        {"ship_to": replace(an_order().ship_to, lines=("8 Plum Blossom Lane",))},
    ],
    ids=["later", "customer", "goods", "address"],
)
def test_a_different_order_is_no_duplicate(steps: Steps, changes: dict[str, Any]) -> None:
    assert "DUPLICATE" not in audited(ordered_again(steps, **changes)).open.codes


def test_case_spaces_and_line_splits_do_not_hide_a_duplicate(steps: Steps) -> None:
    lines = [(TEACUP, 1), (LAMP, 1), (LAMP, 1)]
    address = replace(an_order().ship_to, lines=("7 PLUM  blossom Lane ",))
    assert audited(ordered_again(steps, lines=lines, ship_to=address)).open.codes == ["DUPLICATE"]
