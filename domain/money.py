"""Money as whole minor units and a currency, so that sums and splits lose no cent."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from iso4217 import Currency


class NotMoney(ValueError):
    """A text that is not an amount of its currency: no number, or finer than the smallest unit."""


@cache
def minor_digits(currency: str) -> int:
    """The number of decimals of a currency by ISO 4217: 2 for CNY, 0 for JPY. Raises NotMoney for an unknown code."""
    try:
        return Currency(currency).exponent or 0
    except ValueError:
        raise NotMoney(f"{currency!r} is not an ISO 4217 currency") from None


@dataclass(frozen=True, order=False, slots=True)
class Money:
    """An amount of one currency in its smallest units: `Money(1999, "CNY")` is 19.99 yuan."""

    minor_units: int
    currency: str

    @classmethod
    def parse(cls, text: str, currency: str) -> "Money":
        """Read a decimal string. `Money.parse("19.9", "CNY") == Money(1990, "CNY")`. Raises NotMoney."""
        digits = minor_digits(currency)
        negative = text.startswith("-")
        whole, dot, fraction = text.removeprefix("-").partition(".")
        plain = whole.isascii() and whole.isdigit() and (fraction.isascii() and fraction.isdigit() if dot else True)
        if not plain or len(whole) > 15:
            raise NotMoney(f"{text!r} is not a decimal amount")
        if len(fraction.rstrip("0")) > digits:
            raise NotMoney(f"{text!r} is finer than the smallest unit of {currency}")
        units = int(whole + fraction.rstrip("0").ljust(digits, "0"))
        return cls(-units if negative else units, currency)

    @property
    def text(self) -> str:
        """The decimal string: `Money(1990, "CNY").text == "19.90"`."""
        digits = minor_digits(self.currency)
        sign, units = ("-" if self.minor_units < 0 else ""), str(abs(self.minor_units)).rjust(digits + 1, "0")
        return f"{sign}{units[:-digits]}.{units[-digits:]}" if digits else f"{sign}{units}"

    @property
    def whole(self) -> int:
        """Whole units of the currency, rounded towards zero: 19 for 19.90."""
        sign = -1 if self.minor_units < 0 else 1
        unit: int = 10 ** minor_digits(self.currency)
        return sign * (abs(self.minor_units) // unit)

    def __add__(self, other: "Money") -> "Money":
        return Money(self.minor_units + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.minor_units - self._same(other), self.currency)

    def __mul__(self, times: int) -> "Money":
        return Money(self.minor_units * times, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.minor_units < self._same(other)

    def __le__(self, other: "Money") -> bool:
        return self.minor_units <= self._same(other)

    def split(self, weights: Sequence[int]) -> list["Money"]:
        """Divide in proportion to the weights, or evenly if all are 0. The parts always add up to the whole.

        The parts are differences of rounded running totals, so each is within one unit of its exact share.
        """
        weights = weights if any(weights) else [1] * len(weights)
        total, running, allotted, parts = sum(weights), 0, 0, []
        for weight in weights:
            running += weight
            upto = (2 * self.minor_units * running + total) // (2 * total)
            parts.append(Money(upto - allotted, self.currency))
            allotted = upto
        return parts

    def _same(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise ValueError(f"{self.currency} and {other.currency} do not add up")
        return other.minor_units
