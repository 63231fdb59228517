"""Refunds: what is still refundable, once, and to the cent, in any order of cases."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from activities.payment_links import LinkRequest
from activities.payments import RefundAnswer
from activities.shortages import Repayment
from domain.editing.wanted import WantedEdit
from domain.ids import return_id
from domain.money import Money
from domain.returns.requests import AnnounceReturnRequest, RecordGoodsRequest, RefundReturnRequest
from models.order import OrderRow
from models.payment import AskedRefundRow, MoneyMovementRow
from models.returns import ReturnRow
from record.orders.captures import ask_for_links
from tests.activities.story import Steps, make_edit
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
    ways = steps.return_refunds.ways
    gateway = ways.payments

    class Busy:
        payment = gateway.payment

        def refund(self, *asked: Any) -> Any:
            steps.return_refunds.ways = ways
            steps.return_refunds.refund_return(rest)
            return gateway.refund(*asked)

    steps.return_refunds.ways = replace(ways, payments=Busy())

    # when
    steps.return_refunds.refund_return(one)

    # then
    assert sum(recorded(steps)) == PAID.minor_units
    assert len(paid_back(steps, ask)) == 2


class Interrupted:
    """The gateway, to which something else comes first while it makes its next refund."""

    def __init__(self, steps: Steps, other: Callable[[], object]) -> None:
        self.gateway, self.other = steps.refunds.ways.payments, other
        self.payment = self.gateway.payment

    def refund(self, *asked: Any) -> Any:
        other, self.other = self.other, lambda: None
        other()
        return self.gateway.refund(*asked)


def cheaper(steps: Steps, minor: int, edit: str = "E-8") -> Callable[[], RefundAnswer]:
    """Pay back what the order costs less after an edit."""
    repayment = Repayment(steps.order_id, f"{steps.order_id}:refund:edit:{edit}", minor, "edited")
    return lambda: steps.shortages.repay_lines(repayment)


def pay_by_link(steps: Steps, address: str) -> str:
    """Charge 13 yuan more by an edit, and have the customer pay them by their link."""
    outcome = make_edit(steps, WantedEdit(amounts={"shipping": SHIPPING + Money(1_300, "CNY")}))
    assert outcome.charges
    link = f"{steps.order_id}-E-1"
    steps.links.tell_links(LinkRequest(steps.order_id, link))
    paid = {"reference": link, "amount": "13.00", "currency": "CNY", "status": "captured"}
    httpx2.post(f"{address}/payments/payments", json=paid).raise_for_status()
    ask_for_links(steps.sessions, steps.refunds.ways.payments, steps.order_id)
    return link


@pytest.mark.parametrize("first", ["edit", "cancel"])
def test_the_refunds_of_an_edit_and_a_cancel_at_once_ask_for_no_more_than_was_paid(
    first: str, steps: Steps, ask: Ask
) -> None:
    # given a gateway that is asked for one refund while it makes the other
    steps.up_to("audit_order")
    acts = {
        "edit": cheaper(steps, PRICE.minor_units),
        "cancel": lambda: steps.refunds.refund_order(steps.undo(steps.order_id)),
    }
    [(_, other)] = [act for act in acts.items() if act[0] != first]
    answers = list[Any]()
    slow: Any = Interrupted(steps, lambda: answers.append(other()))
    steps.refunds.ways = steps.shortages.ways = replace(steps.refunds.ways, payments=slow)

    # when
    answers.append(acts[first]())

    # then neither is refused, and all is back once
    assert [getattr(answer, "refusal", "") or getattr(answer, "detail", "") for answer in answers] == ["", ""]
    assert sum(Decimal(amount) for amount in paid_back(steps, ask)) == Decimal(PAID.text)
    assert sum(recorded(steps)) == PAID.minor_units
    with steps.sessions() as session:
        assert session.scalars(select(AskedRefundRow)).all() == []


def test_a_refund_under_way_is_not_asked_of_the_same_payment_by_another(steps: Steps, ask: Ask, address: str) -> None:
    # given an order that a link has paid in part, and a refund of all of its own payment but 5 yuan under way
    steps.up_to("audit_order")
    link = pay_by_link(steps, address)
    answers = list[RefundAnswer]()
    other = cheaper(steps, 1_000, "E-9")
    slow: Any = Interrupted(steps, lambda: answers.append(other()))
    steps.refunds.ways = steps.shortages.ways = replace(steps.refunds.ways, payments=slow)

    # when 10 yuan more go back meanwhile
    answers.append(cheaper(steps, PAID.minor_units - 500)())

    # then the link, which was paid last, gives all that it has once, and the own payment the rest
    assert [answer.refusal for answer in answers] == ["", ""]
    back = ask("/payments/refunds", payment_reference=link)["refunds"]
    assert ([one["amount"] for one in back], sum(recorded(steps))) == (["13.00"], PAID.minor_units + 500)


def test_a_payment_that_refuses_its_part_leaves_what_the_other_gave_and_the_rest_is_asked_for_once(
    steps: Steps, ask: Ask, address: str
) -> None:
    # given a case of everything, whose own payment is unknown at the gateway for a while
    steps.up_to("audit_order")
    link = pay_by_link(steps, address)
    request = come_in(steps.up_to("end_order"), "CASE-ALL", {1: 2, 2: 1})
    with steps.sessions.begin() as session:
        order = session.get_one(OrderRow, steps.order_id)
        right, order.payment_reference = order.payment_reference, "ALI-NOBODY-KNOWS"

    # when
    partly = [steps.return_refunds.refund_return(request) for _ in range(2)]
    with steps.sessions.begin() as session:
        session.get_one(OrderRow, steps.order_id).payment_reference = right
    whole = steps.return_refunds.refund_return(replace(request, attempt=2))

    # then
    assert [(one.refunded_minor, one.refusal) for one in partly] == [(1_300, "refund_refused")] * 2
    assert (whole.refunded_minor, whole.refusal) == (PAID.minor_units + 1_300, "")
    assert [one["amount"] for one in ask("/payments/refunds", payment_reference=link)["refunds"]] == ["13.00"]
    assert paid_back(steps, ask) == [PAID.text]
    with steps.sessions() as session:
        case = session.get_one(ReturnRow, request.return_id)
        assert (case.refund_minor, case.refunded_at is not None) == (PAID.minor_units + 1_300, True)
