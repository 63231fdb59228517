"""Refunds are exact to the cent, in whatever order the units come back."""

from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from domain.money import Money
from domain.order import Order, OrderLine
from domain.returns.refunds import paid_by_unit, shipping_paid, tax_in, value_of
from domain.returns.terms import Terms
from tests.factories import PRICE, SHIPPING, an_order


@st.composite
def orders(draw: st.DrawFn) -> Order:
    """Orders with discounts, taxes and shipping, whose totals need not divide by anything."""
    lines = []
    for line_no in range(1, draw(st.integers(1, 4)) + 1):
        quantity, price = draw(st.integers(1, 5)), draw(st.integers(0, 10_000))
        discount = draw(st.integers(0, quantity * price))
        lines.append(OrderLine(line_no, "ELEGANT-LAMP", quantity, Money(price, "CNY"), Money(discount, "CNY")))
    goods = sum(line.total.minor_units for line in lines)
    tax, shipping = draw(st.integers(0, 999)), draw(st.integers(0, 999))
    # A coupon may pay for the freight too.
    discount = draw(st.integers(0, goods + tax + shipping))
    return replace(
        an_order([]),
        lines=tuple(lines),
        discount=Money(discount, "CNY"),
        tax=Money(tax, "CNY"),
        shipping=Money(shipping, "CNY"),
        grand_total=Money(goods - discount + tax + shipping, "CNY"),
    )


@given(orders())
def test_the_prices_of_all_units_add_up_to_the_payment_less_shipping(order: Order) -> None:
    # when
    units = paid_by_unit(order)

    # then
    shares = [share.minor_units for unit_shares in units.values() for share in unit_shares]
    assert sum(shares) == (order.grand_total - shipping_paid(order)).minor_units
    assert {line_no: len(unit_shares) for line_no, unit_shares in units.items()} == {
        line.line_no: line.quantity for line in order.lines
    }


@given(orders(), st.data())
def test_returning_everything_in_any_number_of_cases_refunds_exactly_what_was_paid(
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
            refunds.append(value_of(order, asked, before).minor_units)
        before = {line_no: before.get(line_no, 0) + asked.get(line_no, 0) for line_no in {*before, *asked}}

    # then
    assert sum(refunds) == order.grand_total.minor_units
    assert all(refund >= 0 for refund in refunds)


@given(orders())
def test_the_tax_of_all_units_is_the_tax(order: Order) -> None:
    everything = {line.line_no: line.quantity for line in order.lines}

    assert tax_in(order, everything, {}) == order.tax


@given(st.integers(0, 10**9), st.integers(0, 100), st.integers(0, 10**6))
def test_fees_are_never_more_than_the_value(value: int, percent: int, freight: int) -> None:
    fees = Terms(restocking_percent=percent, freight={"CNY": freight}).fees(Money(value, "CNY"))

    assert 0 <= sum(fees.values()) <= value
    assert all(fee > 0 for fee in fees.values())


def test_shipping_goes_back_with_the_last_unit_and_not_before() -> None:
    # given
    order = an_order([("ELEGANT-LAMP", 2), ("QUIET-TEACUP", 1)])

    # when
    first = value_of(order, {1: 2}, {})
    last = value_of(order, {2: 1}, {1: 2})

    # then
    assert first == PRICE * 2
    assert last == PRICE + SHIPPING


def test_a_line_discount_lowers_only_the_refund_of_its_line() -> None:
    # given
    lamp = OrderLine(1, "ELEGANT-LAMP", 1, Money(10000, "CNY"), Money(9000, "CNY"))
    cup = OrderLine(2, "QUIET-TEACUP", 1, Money(1000, "CNY"), Money(0, "CNY"))
    order = replace(an_order([]), lines=(lamp, cup), grand_total=Money(2000, "CNY") + SHIPPING)

    # when / then
    assert value_of(order, {1: 1}, {}) == Money(1000, "CNY")
    assert value_of(order, {2: 1}, {}) == Money(1000, "CNY")
