"""Settlements: what a platform or a payment service pays out for which orders, row by row.

Amounts are signed from our side: a sale is above zero; refunds, fees, what is kept in reserve and what is transferred
to our bank are below.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from domain.money import Money, minor_digits

LATE = timedelta(days=45)
"""A sale that no settlement has named so long after its money was collected is missing."""


class NotASettlement(Exception):
    """The file is none of its format."""


class RowKind(StrEnum):
    """What one amount of a settlement is."""

    SALE = "sale"
    REFUND = "refund"
    FEE = "fee"
    RESERVE = "reserve"
    """Kept back for claims, or given back out of that."""
    TRANSFER = "transfer"
    """Paid out to our bank."""
    DISPUTE = "dispute"
    """Taken or given back in a dispute."""
    OTHER = "other"
    BROKEN = "broken"
    """A row that cannot be read: it has a problem instead of an amount."""


@dataclass(frozen=True, slots=True)
class SettledAmount:
    """One amount. `order` and `payment` are the names by which the file knows the order; `fee` is the platform's word
    for the kind of fee. `payout` is the amount in the currency that is paid out, at `rate` if the file says so."""

    kind: RowKind
    amount: Money
    order: str = ""
    payment: str = ""
    fee: str = ""
    payout: Money | None = None
    rate: Decimal | None = None
    at: datetime | None = None
    reference: str = ""

    @property
    def explained(self) -> bool:
        """False if the payout is not the amount at its rate, to the smallest unit."""
        if self.payout is None or self.rate is None:
            return True
        return abs(self.payout.minor_units - exchange(self.amount, self.rate, self.payout.currency).minor_units) <= 1


def exchange(amount: Money, rate: Decimal, currency: str) -> Money:
    """The amount in another currency, rounded to its smallest unit."""
    digits = minor_digits(currency) - minor_digits(amount.currency)
    minor = (amount.minor_units * rate * Decimal(10) ** digits).quantize(Decimal(1), ROUND_HALF_UP)
    return Money(int(minor), currency)
