"""The difference in price of an exchange: what is moved to the goods that go out, paid back, charged or given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from domain.money import Money


class UnpaidPolicy(StrEnum):
    """What becomes of an exchange whose difference is not paid in time: its order stays held, or money goes back."""

    HOLD = "hold"
    REFUND = "refund"


@dataclass(frozen=True, slots=True)
class ExchangeTerms:
    """The policy of a channel, amounts in minor units by currency.

    A difference of up to `give_up_to` is given to the customer, a larger one is charged as a whole. Goods of a higher
    price than `send_up_to` need a person's approval; without an amount the limit of `automatic` counts alone.
    """

    give_up_to: Mapping[str, int] = field(default_factory=dict)
    send_up_to: Mapping[str, int] = field(default_factory=dict)
    when_unpaid: UnpaidPolicy = UnpaidPolicy.HOLD

    def sends(self, out: Money) -> bool:
        """True if goods of this price may go out without a person."""
        most = self.send_up_to.get(out.currency)
        return most is None or out.minor_units <= most


@dataclass(frozen=True, slots=True)
class Difference:
    """In minor units: `value` was paid for what comes back, `out` is the price of what goes out, `given` of it is not
    asked for."""

    value: int
    out: int
    given: int = 0

    @property
    def total(self) -> int:
        """What the goods that go out cost the customer."""
        return self.out - self.given

    @property
    def moved(self) -> int:
        """What of the money that was paid pays for them."""
        return min(self.value, self.total)

    @property
    def charge(self) -> int:
        return self.total - self.moved

    @property
    def refund(self) -> int:
        return self.value - self.moved


def difference(value: Money, out: Money, terms: ExchangeTerms) -> Difference:
    """The difference between what was paid for what comes back and the price of what goes out."""
    more = out.minor_units - value.minor_units
    given = more if 0 < more <= terms.give_up_to.get(out.currency, 0) else 0
    return Difference(value.minor_units, out.minor_units, given)


@dataclass(frozen=True, slots=True)
class Replacement:
    """Units that go out for a line: `share` was paid for those that come back, `price` of one unit is named, or None:
    then they cost what was paid."""

    quantity: int
    share: int
    price: int | None = None

    @property
    def out(self) -> int:
        return self.share if self.price is None else self.price * self.quantity

    @property
    def unit_price(self) -> int:
        return -(-self.share // self.quantity) if self.price is None else self.price

    @property
    def discount(self) -> int:
        """What the rounding of the unit price is too much."""
        return self.unit_price * self.quantity - self.out


def price_of(sent: Sequence[Replacement]) -> int:
    return sum(one.out for one in sent)


def read_exchange(value: Any) -> ExchangeTerms:
    """`{"give_up_to": {"CNY": "5.00"}, "send_up_to": {"CNY": "500.00"}, "when_unpaid": "refund"}`, each of which may be
    absent. Raises ValueError, TypeError or KeyError."""
    if unknown := set(value) - {"give_up_to", "send_up_to", "when_unpaid"}:
        raise ValueError(f"{', '.join(sorted(unknown))} is no term of an exchange")
    return ExchangeTerms(
        _amounts(value.get("give_up_to", {})),
        _amounts(value.get("send_up_to", {})),
        UnpaidPolicy(value.get("when_unpaid", UnpaidPolicy.HOLD)),
    )


def _amounts(value: Any) -> dict[str, int]:
    amounts = {currency: Money.parse(amount, currency).minor_units for currency, amount in value.items()}
    if any(minor < 0 for minor in amounts.values()):
        raise ValueError("is below zero")
    return amounts
