"""Money: no cent is lost, and no float is near."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import Money, NotMoney

CURRENCIES = st.sampled_from(["CNY", "EUR", "JPY", "KWD"])
AMOUNTS = st.integers(-(10**15), 10**15)
WEIGHTS = st.lists(st.integers(0, 10**9), min_size=1, max_size=40)


@given(AMOUNTS, WEIGHTS)
def test_a_split_loses_no_cent(amount: int, weights: list[int]) -> None:
    # when
    parts = Money(amount, "CNY").split(weights)

    # then
    assert sum(part.minor_units for part in parts) == amount
    assert len(parts) == len(weights)


@given(AMOUNTS, WEIGHTS.filter(any))
def test_each_part_is_within_one_unit_of_its_exact_share(amount: int, weights: list[int]) -> None:
    # when
    parts = Money(amount, "CNY").split(weights)

    # then
    total = sum(weights)
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part.minor_units * total - amount * weight) <= total


@given(st.integers(0, 10**15), WEIGHTS)
def test_a_split_of_a_price_has_no_part_below_zero(amount: int, weights: list[int]) -> None:
    assert all(part.minor_units >= 0 for part in Money(amount, "CNY").split(weights))


@given(st.integers(-(10**14), 10**14), CURRENCIES)
def test_an_amount_survives_being_written_and_read(amount: int, currency: str) -> None:
    # given
    money = Money(amount, currency)

    # when
    read = Money.parse(money.text, currency)

    # then
    assert read == money


@pytest.mark.parametrize(
    ("minor_units", "currency", "text"),
    [
        (1999, "CNY", "19.99"),
        (1990, "CNY", "19.90"),
        (5, "CNY", "0.05"),
        (-5, "CNY", "-0.05"),
        (0, "CNY", "0.00"),
        (1999, "JPY", "1999"),
        (1999, "KWD", "1.999"),
    ],
)
def test_an_amount_is_written_with_the_decimals_of_its_currency(minor_units: int, currency: str, text: str) -> None:
    assert Money(minor_units, currency).text == text


@pytest.mark.parametrize(
    ("text", "currency", "minor_units"),
    [("19.9", "CNY", 1990), ("19", "CNY", 1900), ("19.990", "CNY", 1999), ("007", "JPY", 7), ("-1.5", "EUR", -150)],
)
def test_an_amount_may_be_written_shorter_or_longer(text: str, currency: str, minor_units: int) -> None:
    assert Money.parse(text, currency) == Money(minor_units, currency)


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("", "CNY"),
        ("-", "CNY"),
        (".5", "CNY"),
        ("5.", "CNY"),
        ("1e3", "CNY"),
        ("1,999", "CNY"),
        ("+1", "CNY"),
        (" 1", "CNY"),
        ("１９", "CNY"),
        ("NaN", "CNY"),
        ("0.001", "CNY"),
        ("0.5", "JPY"),
        ("1" * 16, "CNY"),
        ("1", "LAMP"),
    ],
)
def test_an_invalid_amount_of_a_currency_is_refused(text: str, currency: str) -> None:
    with pytest.raises(NotMoney):
        Money.parse(text, currency)


@pytest.mark.parametrize(("minor_units", "whole"), [(1990, 19), (99, 0), (-99, 0), (-1990, -19)])
def test_whole_units_are_rounded_towards_zero(minor_units: int, whole: int) -> None:
    assert Money(minor_units, "CNY").whole == whole


def test_ten_yuan_in_three_is_three_thirds_and_no_cent_is_left() -> None:
    # when
    parts = Money(1000, "CNY").split([1, 1, 1])

    # then
    assert [part.text for part in parts] == ["3.33", "3.34", "3.33"]


def test_weights_of_zero_share_evenly() -> None:
    assert Money(100, "CNY").split([0, 0]) == [Money(50, "CNY")] * 2


def test_two_currencies_do_not_add_up() -> None:
    # given
    yuan, yen = Money(100, "CNY"), Money(100, "JPY")

    # when / then
    with pytest.raises(ValueError, match="do not add up"):
        yuan + yen
    with pytest.raises(ValueError, match="do not add up"):
        min(yuan, yen)
