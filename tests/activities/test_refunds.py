"""Refunds: what is still refundable, once, and to the cent, in any order of cases."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from domain.ids import return_id
from domain.money import Money
from domain.returns.requests import AnnounceReturnRequest, RecordGoodsRequest, RefundReturnRequest
from models.order import OrderRow
from models.payment import MoneyMovementRow
from models.returns import ReturnRow
from tests.activities.story import Steps
from tests.factories import LAMP, PRICE, SHIPPING, TEACUP, assert_ledger_explains_stock, place_order

Ask = Callable[..., Any]
PAID = PRICE * 3 + SHIPPING


def paid_back(steps: Steps, ask: Ask) -> list[str]:
    """The amounts that the gateway refunded."""
    with steps.sessions() as session:
        reference = session.get_one(OrderRow, steps.order_id).payment_reference
    return [refund["amount"] for refund in ask("/payments/refunds", payment_reference=reference)["refunds"]]


def recorded(steps: Steps) -> list[int]:
    with steps.sessions() as session:
        where = MoneyMovementRow.kind == "refunded", MoneyMovementRow.order_id == steps.order_id
        amount = MoneyMovementRow.amount_minor
        return list(session.scalars(select(amount).where(*where).order_by(MoneyMovementRow.movement_id)))


def come_in(
    steps: Steps, case: str, asked: Mapping[int, int], came: Mapping[str, int] | None = None
) -> RefundReturnRequest:
    """Open a case of units by line number, receive what came by SKU (default: all); return its refund request."""
    steps.requests.open_return(steps.requested(case, asked))
    name = return_id(steps.order_id, case)
    steps.returns.record_goods(RecordGoodsRequest(name, "delivered"))
    steps.returns.announce_return(AnnounceReturnRequest(name))
    units = came or {{1: LAMP, 2: TEACUP}[line_no]: quantity for line_no, quantity in asked.items()}
    goods = [{"sku": sku, "quantity": quantity, "disposition": "restock"} for sku, quantity in units.items()]
    steps.record_return(steps.return_event("inspected", goods, case=name), case=name)
    return RefundReturnRequest(name, 1)


def test_a_canceled_order_is_refunded_once(steps: Steps, ask: Ask) -> None:
    # given
    steps.up_to("audit_order")

    # when
    answers = [steps.refunds.refund_order(steps.undo(steps.order_id)) for _ in range(2)]

    # then
    assert [answer.done for answer in answers] == [True, True]
    assert paid_back(steps, ask) == [PAID.text]
    assert recorded(steps) == [PAID.minor_units]


def test_a_canceled_order_refunds_what_a_return_did_not(steps: Steps, ask: Ask) -> None:
    # given
    steps.up_to("refund_return")

    # when
    steps.refunds.refund_order(steps.undo(steps.order_id))

    # then
    assert paid_back(steps, ask) == [PRICE.text, (PAID - PRICE).text]
    assert sum(recorded(steps)) == PAID.minor_units


def test_a_refused_refund_is_an_answer_and_moves_no_money(steps: Steps) -> None:
    # given
    steps.up_to("audit_order")
    with steps.sessions.begin() as session:
        session.get_one(OrderRow, steps.order_id).payment_reference = "ALI-NOBODY-KNOWS"

    # when
    answer = steps.refunds.refund_order(steps.undo(steps.order_id))

    # then
    assert (answer.done, answer.detail) == (False, "refund_refused")
    assert recorded(steps) == []


def test_two_cases_refund_what_was_paid_with_the_shipping_at_the_last_unit(steps: Steps, ask: Ask) -> None:
    # given
    steps.up_to("end_order")
    first = steps.return_refunds.refund_return(come_in(steps, "CASE-LAMP", {1: 1}))

    # when
    last = steps.return_refunds.refund_return(come_in(steps, "CASE-REST", {1: 1, 2: 1}))

    # then
    assert Money(first.refunded_minor, "CNY") == PRICE
    assert Money(last.refunded_minor, "CNY") == PRICE * 2 + SHIPPING
    assert paid_back(steps, ask) == [PRICE.text, (PRICE * 2 + SHIPPING).text]
    assert_ledger_explains_stock(steps.sessions)


def test_a_refund_booked_before_its_case_knows_is_counted_once(steps: Steps) -> None:
    # given
    steps.up_to("end_order")
    first = come_in(steps, "CASE-LAMP", {1: 1})
    steps.return_refunds.refund_return(first)
    with steps.sessions.begin() as session:
        session.get_one(ReturnRow, first.return_id).refunded_at = None

    # when
    last = steps.return_refunds.refund_return(come_in(steps, "CASE-REST", {1: 1, 2: 1}))

    # then
    assert Money(last.refunded_minor, "CNY") == PAID - PRICE


def test_a_repeated_refund_answers_as_before_even_after_another_case(steps: Steps) -> None:
    # given
    one_fen_off = Money(1, "CNY")
    changes = {"discount": one_fen_off, "grand_total": PAID - one_fen_off}
    order_id = place_order(steps.sessions, **changes, payment_reference="PAY-ONE-FEN-OFF:67.96:CNY")
    uneven = replace(steps, order_id=order_id, stored={}).up_to("end_order")
    one, other = come_in(uneven, "CASE-ONE", {1: 1}), come_in(uneven, "CASE-OTHER", {1: 1})
    first, second = uneven.return_refunds.refund_return(one), uneven.return_refunds.refund_return(other)

    # when
    again = uneven.return_refunds.refund_return(one)

    # then
    assert first != second
    assert again == first
    assert recorded(uneven) == [first.refunded_minor, second.refunded_minor]
    with steps.sessions() as session:
        assert session.get_one(ReturnRow, one.return_id).refund_minor == first.refunded_minor


def test_the_shipping_is_not_refunded_while_a_requested_unit_is_missing(steps: Steps) -> None:
    # given
    steps.up_to("end_order")
    steps.return_refunds.refund_return(come_in(steps, "CASE-LAMPS", {1: 2}, came={LAMP: 1}))

    # when
    cup = steps.return_refunds.refund_return(come_in(steps, "CASE-CUP", {2: 1}))

    # then
    assert Money(cup.refunded_minor, "CNY") == PRICE


def test_a_case_refunds_the_units_that_came_and_not_those_requested(steps: Steps) -> None:
    # given
    steps.up_to("end_order")
    two_of_three = come_in(steps, "CASE-ALL", {1: 2, 2: 1}, came={LAMP: 1, TEACUP: 1})

    # when
    answer = steps.return_refunds.refund_return(two_of_three)

    # then
    assert Money(answer.refunded_minor, "CNY") == PRICE * 2


@pytest.mark.parametrize("goods", ["recalled", "intercepted"])
def test_goods_that_never_reached_the_customer_are_refunded_without_inspection(goods: str, steps: Steps) -> None:
    # given
    steps.up_to("reserve_stock").requests.open_return(steps.requested(lines={1: 2, 2: 1}))
    steps.returns.record_goods(RecordGoodsRequest(steps.case, goods))

    # when
    answer = steps.return_refunds.refund_return(RefundReturnRequest(steps.case, 1))

    # then
    assert Money(answer.refunded_minor, "CNY") == PAID


def test_a_refused_refund_of_a_case_is_retried_under_a_new_key(steps: Steps) -> None:
    # given
    steps.up_to("record_return:inspected")
    with steps.sessions.begin() as session:
        order = session.get_one(OrderRow, steps.order_id)
        right, order.payment_reference = order.payment_reference, "ALI-NOBODY-KNOWS"
    refused = steps.return_refunds.refund_return(RefundReturnRequest(steps.case, 1))
    with steps.sessions.begin() as session:
        session.get_one(OrderRow, steps.order_id).payment_reference = right

    # when
    answer = steps.return_refunds.refund_return(RefundReturnRequest(steps.case, 2))

    # then
    assert refused.refusal == "refund_refused"
    assert (answer.refusal, answer.refunded_minor) == ("", PRICE.minor_units)


def test_an_unpaid_order_has_nothing_to_refund(steps: Steps, ask: Ask) -> None:
    with steps.sessions.begin() as session:
        session.get_one(OrderRow, steps.order_id).payment_reference = "ALI-NOBODY-PAID"
    assert steps.refunds.refund_order(steps.undo(steps.order_id)).done
    assert paid_back(steps, ask) == []


def test_two_cases_at_the_same_time_refund_exactly_what_was_paid(steps: Steps, ask: Ask) -> None:
    # given two cases of all units, and a gateway that refunds the second case during the first
    steps.up_to("end_order")
    one, rest = come_in(steps, "CASE-ONE", {1: 1}), come_in(steps, "CASE-REST", {1: 1, 2: 1})
    gateway = steps.return_refunds.payments

    class Busy:
        payment = gateway.payment

        def refund(self, *asked: Any) -> Any:
            steps.return_refunds.payments = gateway
            steps.return_refunds.refund_return(rest)
            return gateway.refund(*asked)

    steps.return_refunds.payments = Busy()  # type: ignore[assignment]

    # when
    steps.return_refunds.refund_return(one)

    # then
    assert sum(recorded(steps)) == PAID.minor_units
    assert len(paid_back(steps, ask)) == 2
