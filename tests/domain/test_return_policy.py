"""The return policy: until when, how many, and that the money comes out to the cent."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import Money
from domain.order import Order, OrderLine
from domain.return_policy import LEGAL_ZONE, ReturnFacts, paid_for, refund_due, refusal, window_ends
from tests.factories import PRICE, SHIPPING, an_order

WEEK = timedelta(days=7)
SIGNED = datetime(2026, 3, 1, 15, 20, tzinfo=LEGAL_ZONE)
FACTS = ReturnFacts(
    asked={1: 1},
    ordered={1: 2, 2: 1},
    in_other_cases={},
    order_undone=False,
    paid=True,
    delivered_at=SIGNED,
    requested_at=SIGNED + timedelta(days=1),
    window=WEEK,
)


def in_china(day: int, hour: int, minute: int) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=LEGAL_ZONE)


@pytest.mark.parametrize(
    "signed",
    [in_china(1, 0, 0), in_china(1, 15, 20), in_china(1, 23, 59), datetime(2026, 2, 28, 16, 0, tzinfo=UTC)],
)
def test_seven_days_are_counted_from_the_day_after_the_signing_in_chinas_time(signed: datetime) -> None:
    assert window_ends(signed, WEEK) == in_china(9, 0, 0)


@pytest.mark.parametrize(
    ("requested", "in_time"), [(in_china(8, 23, 59), True), (in_china(9, 0, 0), False), (in_china(1, 15, 21), True)]
)
def test_the_window_is_open_to_the_last_minute_of_the_seventh_day(requested: datetime, in_time: bool) -> None:
    # when
    reason = refusal(replace(FACTS, requested_at=requested.astimezone(UTC)))

    # then
    assert (reason is None) == in_time


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"asked": {}}, "no line was named"),
        ({"order_undone": True}, "was not carried out"),
        ({"paid": False}, "nothing was paid"),
        ({"asked": {3: 1}}, "has no line 3"),
        ({"asked": {1: 3}}, "line 1 has 2 units left"),
        ({"asked": {1: 2}, "in_other_cases": {1: 1}}, "line 1 has 1 units left"),
        ({"requested_at": SIGNED + timedelta(days=60)}, "the window of 7 days"),
    ],
)
def test_a_refusal_says_why_in_words(changes: dict[str, Any], words: str) -> None:
    assert words in (refusal(replace(FACTS, **changes)) or "it was not refused")


def test_goods_that_are_not_delivered_yet_have_no_window() -> None:
    assert refusal(replace(FACTS, delivered_at=None, requested_at=SIGNED + timedelta(days=900))) is None


@st.composite
def orders(draw: st.DrawFn) -> Order:
    """Orders with discounts, taxes and shipping, whose totals need not divide by anything."""
    lines = []
    for line_no in range(1, draw(st.integers(1, 4)) + 1):
        quantity, price = draw(st.integers(1, 5)), draw(st.integers(0, 10_000))
        discount = draw(st.integers(0, quantity * price))
        lines.append(OrderLine(line_no, "ELEGANT-LAMP", quantity, Money(price, "CNY"), Money(discount, "CNY")))
    goods = sum(line.total.minor_units for line in lines)
    discount, tax, shipping = draw(st.integers(0, goods)), draw(st.integers(0, 999)), draw(st.integers(0, 999))
    return replace(
        an_order([]),
        lines=tuple(lines),
        discount=Money(discount, "CNY"),
        tax=Money(tax, "CNY"),
        shipping=Money(shipping, "CNY"),
        grand_total=Money(goods - discount + tax + shipping, "CNY"),
    )


@given(orders())
def test_the_units_of_an_order_cost_what_was_paid_without_the_shipping(order: Order) -> None:
    # when
    units = paid_for(order)

    # then
    shares = [share.minor_units for unit_shares in units.values() for share in unit_shares]
    assert sum(shares) == (order.grand_total - order.shipping).minor_units
    assert {line_no: len(unit_shares) for line_no, unit_shares in units.items()} == {
        line.line_no: line.quantity for line in order.lines
    }


@given(orders(), st.data())
def test_returning_everything_in_any_number_of_pieces_gives_back_exactly_what_was_paid(
    order: Order, data: st.DataObject
) -> None:
    # given
    units = data.draw(st.permutations([line.line_no for line in order.lines for _ in range(line.quantity)]))
    cuts = data.draw(st.sets(st.integers(1, len(units)), max_size=5))
    edges = [0, *sorted(cuts), len(units)]
    cases = [units[start:end] for start, end in pairwise(edges)]

    # when
    before: dict[int, int] = {}
    refunds = []
    for case in cases:
        asked = {line_no: case.count(line_no) for line_no in set(case)}
        if asked:
            refunds.append(refund_due(order, asked, before).minor_units)
        before = {line_no: before.get(line_no, 0) + asked.get(line_no, 0) for line_no in {*before, *asked}}

    # then
    assert sum(refunds) == order.grand_total.minor_units
    assert all(refund >= 0 for refund in refunds)


def test_shipping_goes_back_with_the_last_unit_and_not_before() -> None:
    # given
    order = an_order([("ELEGANT-LAMP", 2), ("QUIET-TEACUP", 1)])

    # when
    first = refund_due(order, {1: 2}, {})
    last = refund_due(order, {2: 1}, {1: 2})

    # then
    assert first == PRICE * 2
    assert last == PRICE + SHIPPING


def test_a_discount_on_one_line_is_given_back_with_that_line_only() -> None:
    # given
    lamp = OrderLine(1, "ELEGANT-LAMP", 1, Money(10000, "CNY"), Money(9000, "CNY"))
    cup = OrderLine(2, "QUIET-TEACUP", 1, Money(1000, "CNY"), Money(0, "CNY"))
    order = replace(an_order([]), lines=(lamp, cup), grand_total=Money(2000, "CNY") + SHIPPING)

    # when / then
    assert refund_due(order, {1: 1}, {}) == Money(1000, "CNY")
    assert refund_due(order, {2: 1}, {}) == Money(1000, "CNY")
