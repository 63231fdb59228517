"""What each parcel bears of an order's price, and when what is reserved must be renewed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.captures import Part, owed_without_goods, renewal, value_of
from domain.money import Money
from domain.order import Order, OrderLine
from tests.factories import an_order

LAMP, CUP, SET = "ELEGANT-LAMP", "TEACUP", "TEA-SET"
NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


def yuan(minor: int) -> Money:
    return Money(minor, "CNY")


def order_of(*lines: tuple[str, int, int], discount: int = 0, shipping: int = 0) -> Order:
    rows = tuple(
        OrderLine(number, sku, units, yuan(price), yuan(0)) for number, (sku, units, price) in enumerate(lines, 1)
    )
    goods = sum(units * price for _, units, price in lines)
    amounts = {"discount": yuan(discount), "shipping": yuan(shipping), "tax": yuan(0)}
    return replace(an_order(), lines=rows, grand_total=yuan(goods - discount + shipping), **amounts)


def borne(order: Order, *parcels: dict[str, int], withdrawn: dict[int, int] | None = None) -> list[int]:
    """What parcels bear that leave one after the other."""
    parts, left = list[Part](), order.grand_total
    for units in parcels:
        value = value_of(order, withdrawn or {}, {SET: {CUP: 2}}, parts, units, left)
        parts.append(Part(units, value))
        left -= value
    return [part.value.minor_units for part in parts]


def test_the_first_parcel_bears_the_shipping_and_the_last_what_is_left() -> None:
    order = order_of((LAMP, 1, 10000), (CUP, 2, 3333), discount=1000, shipping=800)

    assert borne(order, {CUP: 1}, {LAMP: 1}, {CUP: 1}) == [3133 + 800, 9400, 3133]


def test_the_parts_of_a_bundle_share_its_price() -> None:
    assert borne(order_of((SET, 1, 5001)), {CUP: 1}, {CUP: 1}) == [2501, 2500]


def test_goods_that_are_not_wanted_any_more_bear_nothing() -> None:
    order = replace(order_of((LAMP, 2, 10000), shipping=500), grand_total=yuan(20500))

    value = value_of(order, {1: 1}, {}, [], {LAMP: 1}, yuan(10500))

    assert value == yuan(10500)


def test_the_next_parcel_bears_the_shipping_of_one_that_was_lost() -> None:
    order = order_of((LAMP, 3, 2000), shipping=800)
    bore_shipping, other = (Part({LAMP: 1}, yuan(value)) for value in (2800, 2000))
    assert owed_without_goods(order, {}, {}, [bore_shipping, other], yuan(2000)) == yuan(0)

    # when the first is lost, its shipping is owed even if nothing is sent any more
    assert owed_without_goods(order, {1: 2}, {}, [other], yuan(800)) == yuan(800)
    assert owed_without_goods(order, {}, {}, [other], yuan(4800)) == yuan(800)

    # then the next one bears it, not a half of it
    assert value_of(order, {}, {}, [other], {LAMP: 1}, yuan(4800)) == yuan(2800)


def test_what_costs_less_by_now_than_has_left_bears_nothing() -> None:
    order = order_of((LAMP, 2, 10000))

    assert value_of(order, {}, {}, [Part({LAMP: 1}, yuan(10000))], {LAMP: 1}, yuan(-500)) == yuan(0)


@given(
    st.lists(
        st.tuples(st.sampled_from([LAMP, CUP, SET]), st.integers(1, 4), st.integers(0, 9999)), min_size=1, max_size=4
    ),
    st.integers(0, 500),
    st.integers(0, 900),
    st.randoms(use_true_random=False),
)
def test_parcels_in_any_order_bear_exactly_the_price(
    lines: list[tuple[str, int, int]], discount: int, shipping: int, chance: Random
) -> None:
    # given
    goods = sum(units * price for _, units, price in lines)
    order = order_of(*lines, discount=min(discount, goods), shipping=shipping)
    stocked = [part for sku, units, _ in lines for part in ([CUP, CUP] if sku == SET else [sku]) for _ in range(units)]
    chance.shuffle(stocked)

    # when every unit travels alone
    values = borne(order, *({sku: 1} for sku in stocked))

    # then
    assert sum(values) == order.grand_total.minor_units
    assert min(values) >= 0


@pytest.mark.parametrize(
    ("reserved_for", "before"), [(timedelta(days=7), timedelta(days=1)), (timedelta(hours=4), timedelta(hours=1))]
)
def test_it_is_renewed_a_day_before_it_expires_or_in_its_last_quarter(
    reserved_for: timedelta, before: timedelta
) -> None:
    assert renewal(NOON + reserved_for, NOON) == NOON + reserved_for - before
    assert renewal(None, NOON) is None
