"""The difference of an exchange: refunded, charged or given, exact to the cent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import Money
from domain.returns.exchange import (
    Difference,
    ExchangeTerms,
    Replacement,
    UnpaidPolicy,
    difference,
    price_of,
    read_exchange,
)

TERMS = ExchangeTerms(give_up_to={"CNY": 500}, send_up_to={"CNY": 20_000})


def of(value: int, out: int, terms: ExchangeTerms = TERMS, currency: str = "CNY") -> Difference:
    return difference(Money(value, currency), Money(out, currency), terms)


@pytest.mark.parametrize(
    ("value", "out", "moved", "refund", "given", "charge"),
    [
        (8_000, 8_000, 8_000, 0, 0, 0),
        (8_000, 4_500, 4_500, 3_500, 0, 0),
        (8_000, 8_500, 8_000, 0, 500, 0),
        (8_000, 8_501, 8_000, 0, 0, 501),
    ],
)
def test_less_is_paid_back_a_little_more_is_given_and_the_rest_is_charged(
    value: int, out: int, moved: int, refund: int, given: int, charge: int
) -> None:
    price = of(value, out)
    assert (price.moved, price.refund, price.given, price.charge) == (moved, refund, given, charge)


@given(value=st.integers(0, 10**9), out=st.integers(1, 10**9), most=st.integers(0, 10**6))
def test_what_moves_and_what_goes_back_is_what_was_paid_and_what_the_goods_cost_is_paid(
    value: int, out: int, most: int
) -> None:
    price = of(value, out, ExchangeTerms(give_up_to={"CNY": most}))
    assert price.moved + price.refund == value
    assert price.moved + price.charge + price.given == out
    assert min(price.moved, price.refund, price.given, price.charge) >= 0
    assert not (price.refund and price.charge)


@given(share=st.integers(0, 10**9), quantity=st.integers(1, 1_000), price=st.none() | st.integers(1, 10**6))
def test_lines_add_up_to_what_goes_out(share: int, quantity: int, price: int | None) -> None:
    sent = Replacement(quantity, share, price)
    assert sent.unit_price * quantity - sent.discount == sent.out == price_of([sent])
    assert 0 <= sent.discount < max(quantity, 1)


def test_the_limits_are_those_of_the_currency() -> None:
    assert of(8_000, 8_100, currency="EUR").charge == 100
    assert TERMS.sends(Money(20_000, "CNY"))
    assert not TERMS.sends(Money(20_001, "CNY"))
    assert TERMS.sends(Money(20_001, "EUR"))


def test_terms_are_read_and_a_wrong_one_is_refused() -> None:
    assert read_exchange({}) == ExchangeTerms()
    assert read_exchange({"give_up_to": {"CNY": "5.00"}, "when_unpaid": "refund"}) == ExchangeTerms(
        {"CNY": 500}, when_unpaid=UnpaidPolicy.REFUND
    )
    for wrong in ({"give": {}}, {"give_up_to": {"CNY": "-1.00"}}, {"when_unpaid": "never"}):
        with pytest.raises(ValueError, match=r"."):
            read_exchange(wrong)
