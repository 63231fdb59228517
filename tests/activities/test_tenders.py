"""Several tenders of one order: each is asked of whoever knows it, and booked apart from the order's own payment."""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from activities.audit_findings import AuditResult
from commands.parameters import set_parameter
from commands.verify import verify
from domain.money import Money
from models.order import OrderRow
from models.payment import PaymentRow
from record.orders import payment_claims, refund_shares
from tests.activities.story import Steps
from tests.activities.tendering import (
    CNY,
    TOTAL,
    YEARS_AGO,
    audited,
    balance_of,
    card,
    moved,
    of_balance,
    points,
    tendered,
)


def test_each_tender_is_booked_apart_and_together_they_pay_for_the_order(steps: Steps) -> None:
    # given
    second, third = card(1, 10_00), points(2, 5_00)
    order = tendered(steps, second, third)

    # when it is audited, twice
    results = [audited(order, revision) for revision in (1, 2)]

    # then
    assert [result.verdict for result in results] == ["pass", "pass"]
    assert sorted(moved(order)) == sorted(
        [
            ("captured", 10_00, second.reference),
            ("captured", 5_00, third.reference),
            ("captured", TOTAL.minor_units - 15_00, ""),
        ]
    )
    assert verify(order.sessions).clean


def test_an_order_whose_tenders_pay_everything_needs_no_payment_of_its_own(steps: Steps) -> None:
    order = tendered(steps, points(1, TOTAL.minor_units), payment_reference="")
    assert audited(order) == AuditResult("pass")


def test_a_tender_that_is_not_paid_holds_the_order_until_it_is(steps: Steps, ask: Callable[..., Any]) -> None:
    # given a card that the gateway has not settled, and points that the channel has not collected
    order = tendered(steps, card(1, 10_00, "-PAYMENT-UNSETTLED"), points(2, 5_00, collected=False))

    # when
    result = audited(order)

    # then
    assert result.open.codes == ["PAYMENT"]
    assert moved(order) == [("captured", TOTAL.minor_units - 15_00, "")]


def test_the_webhook_of_a_tender_books_it_for_its_order_once(steps: Steps) -> None:
    # given
    second = card(1, 10_00)
    order = tendered(steps, second)

    # when the gateway tells of it before the audit asks
    with order.sessions.begin() as session:
        told = payment_claims.capture(session, second.reference, second.amount)
    audited(order)

    # then
    assert told is not None
    assert told.order_id == order.order_id
    assert moved(order).count(("captured", 10_00, second.reference)) == 1


def test_a_tender_belongs_to_the_order_that_named_it_first(steps: Steps) -> None:
    # given one order that pays with a card, and one that names the same card as a tender
    second = card(1, 10_00)
    first, hostile = tendered(steps, second), tendered(steps, second)

    # when
    results = audited(hostile), audited(first)

    # then
    assert [result.verdict for result in results] == ["hold", "pass"]
    assert results[0].open.codes == ["PAYMENT_TAKEN"]
    with steps.sessions() as session:
        assert session.get_one(PaymentRow, second.reference).order_id == first.order_id


@pytest.mark.parametrize(
    ("stated", "first"),
    [(None, ["CARD", ""]), (["store_credit"], ["CREDIT", "CARD"]), (["gift_card", "gateway"], ["CARD", ""])],
    ids=["by_default", "credit_first", "kinds_that_are_left_out"],
)
def test_a_refund_takes_the_payments_in_the_stated_order(
    stated: list[str] | None, first: list[str], steps: Steps
) -> None:
    # given an order that a card, a store credit and its own payment have paid
    if stated:
        set_parameter(steps.sessions, "refund_order", {"*": stated}, YEARS_AGO, None, "a meeting", "sun")
    second, credit = card(1, 10_00), balance_of(steps, 5_00)
    order = tendered(steps, second, of_balance(2, credit, 5_00))
    audited(order)
    names = {second.reference: "CARD", credit.credit_id: "CREDIT", "": ""}

    # when
    with order.sessions() as session:
        row = session.get_one(OrderRow, order.order_id)
        some = refund_shares.shares(session, row, Money(11_00, CNY))
        everything = refund_shares.shares(session, row, TOTAL)

    # then
    assert [names[reference] for reference, _ in some] == first
    assert {names[reference]: part.minor_units for reference, part in everything} == {
        "CARD": 10_00,
        "CREDIT": 5_00,
        "": TOTAL.minor_units - 15_00,
    }


def test_what_one_payment_refuses_keeps_no_other_from_giving_back(steps: Steps, address: str) -> None:
    # given an order whose second card has been charged back at the gateway
    second, credit = card(1, 10_00), balance_of(steps, 5_00)
    order = tendered(steps, second, of_balance(2, credit, 5_00))
    audited(order)
    gone = {"reference": second.reference, "amount": "10.00", "currency": CNY, "status": "failed"}
    httpx2.post(f"{address}/payments/payments", json=gone).raise_for_status()

    # when the order is undone
    undone = order.refunds.refund_order(order.undo("payment"))

    # then a person hears of the card, and everything else is back
    assert not undone.done
    back = {reference: minor for kind, minor, reference in moved(order) if kind == "refunded"}
    assert back == {credit.credit_id: 5_00, "": TOTAL.minor_units - 15_00}
