"""Amounts of settlements, and their payouts at a rate."""

from decimal import Decimal

import pytest

from domain.money import Money
from domain.settlements import RowKind, SettledAmount, exchange


@pytest.mark.parametrize(
    ("amount", "rate", "currency", "paid_out"),
    [
        (Money(10_000, "EUR"), "1.085", "USD", 10_850),
        (Money(-1_001, "EUR"), "1.0005", "USD", -1_002),
        (Money(1_000, "USD"), "150.25", "JPY", 1_503),
        (Money(1_503, "JPY"), "0.0066", "USD", 992),
    ],
)
def test_an_amount_is_exchanged_to_the_smallest_unit(amount: Money, rate: str, currency: str, paid_out: int) -> None:
    assert exchange(amount, Decimal(rate), currency) == Money(paid_out, currency)


@pytest.mark.parametrize(("payout", "explained"), [(10_850, True), (10_851, True), (10_852, False), (9_999, False)])
def test_a_payout_is_explained_by_its_rate_within_the_smallest_unit(payout: int, explained: bool) -> None:
    sale = SettledAmount(RowKind.SALE, Money(10_000, "EUR"), payout=Money(payout, "USD"), rate=Decimal("1.085"))
    assert sale.explained is explained
