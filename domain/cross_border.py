"""Cross-border retail import into China: the composite tax, and what counts against a person's limits."""

from datetime import datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from domain.money import Money
from domain.order import Order, OrderLine

ZONE = ZoneInfo("Asia/Shanghai")
WHOLE = 10_000
"""Rates are in hundredths of a percent: 1300 is 13 %."""


def composite_rate(vat: int, consumption_tax: int, percent: int) -> Fraction:
    """(CT + VAT) / (1 − CT) × percent, as a share of the value. Rates are in hundredths of a percent, CT below 100 %.

    With `percent` 70 that is the tax on goods within the limits, with 100 the full one. Source: 财关税〔2016〕18号.
    """
    return Fraction(consumption_tax + vat, WHOLE - consumption_tax) * Fraction(percent, 100)


def tax_due(value: Money, rate: Fraction) -> Money:
    """The tax on a value, rounded half up to the smallest unit."""
    return Money(int(value.minor_units * rate + Fraction(1, 2)), value.currency)


def import_value(order: Order) -> Money:
    """The part of an order that counts against the limits: goods and freight without the tax on top."""
    return order.sum_of_parts - order.tax


def value_shares(order: Order) -> list[tuple[OrderLine, Money]]:
    """The order's import value, shared out over its lines in proportion to their totals."""
    weights = [max(line.total.minor_units, 0) for line in order.lines]
    return list(zip(order.lines, import_value(order).split(weights), strict=True))


def is_single_item(order: Order) -> bool:
    """True for one unit of one product. It cannot be split, so above the limit of an order it is let in at full
    duty."""
    return sum(line.quantity for line in order.lines) == 1


def import_year(placed_at: datetime) -> tuple[datetime, datetime]:
    """Start and end (exclusive) of the order's calendar year, in China's time."""
    year = placed_at.astimezone(ZONE).year
    return datetime(year, 1, 1, tzinfo=ZONE), datetime(year + 1, 1, 1, tzinfo=ZONE)


def near(placed_at: datetime, hours: int) -> tuple[datetime, datetime]:
    """The span around an order in which the same person's other orders may be parts of one purchase."""
    return placed_at - timedelta(hours=hours), placed_at + timedelta(hours=hours)
