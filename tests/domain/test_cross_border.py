"""The composite tax and the limits of cross-border retail import."""

from datetime import UTC, datetime

import pytest

from domain.cross_border import composite_rate, import_year, tax_due
from domain.money import Money


@pytest.mark.parametrize(
    ("vat", "consumption_tax", "rate"),
    [(1300, 0, "9.10%"), (900, 0, "6.30%"), (1300, 1000, "17.89%"), (1300, 1500, "23.06%")],
)
def test_the_composite_rate_is_what_customs_publish(vat: int, consumption_tax: int, rate: str) -> None:
    assert f"{float(composite_rate(vat, consumption_tax, 70)):.2%}" == rate


def test_tax_is_rounded_half_up_once() -> None:
    assert tax_due(Money(1000_00, "CNY"), composite_rate(1300, 1000, 70)) == Money(178_89, "CNY")
    assert tax_due(Money(50, "CNY"), composite_rate(900, 0, 100)) == Money(5, "CNY")


def test_a_year_ends_at_midnight_in_china() -> None:
    # given the last second of 2026 there, and the first of 2027
    last, first = datetime(2026, 12, 31, 15, 59, 59, tzinfo=UTC), datetime(2026, 12, 31, 16, tzinfo=UTC)

    # then
    assert import_year(last)[1] == import_year(first)[0] == first
