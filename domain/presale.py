"""Pre-sales: a deposit now, and the balance until its day; what becomes of the deposit and of the stock meanwhile."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

ANY = "*"
BALANCE_DUE = "BALANCE_DUE"
"""The hold of an order whose deposit is paid and whose balance is not."""


class Deposit(StrEnum):
    """What becomes of the deposit when the balance is not paid in time. If the shop cancels, it is always returned."""

    RETURNED = "returned"
    FORFEITED = "forfeited"


class PresaleStock(StrEnum):
    """Whether stock is kept for an order that waits for its balance."""

    BRIEFLY = "briefly"
    """As for any order that is held."""
    KEPT = "kept"
    """Until the balance is due."""
    FREE = "free"
    """Not at all."""


@dataclass(frozen=True, slots=True)
class PresaleTerms:
    """The terms of one channel. `grace_hours` after its day the balance may still come."""

    deposit: Deposit = Deposit.RETURNED
    stock: PresaleStock = PresaleStock.BRIEFLY
    grace_hours: int = 0


Table = Mapping[str, PresaleTerms]
BY_DEFAULT = PresaleTerms()


def presale_of(table: Table, channel: str) -> PresaleTerms:
    return table.get(channel, table.get(ANY, BY_DEFAULT))


def read_presale(value: Any) -> dict[str, PresaleTerms]:
    """`{"tmall": {"deposit": "forfeited", "stock": "kept", "grace_hours": 2}}`

    Raises ValueError, TypeError, KeyError or AttributeError.
    """
    return {channel: _read(dict(terms)) for channel, terms in value.items()}


def _read(value: dict[str, Any]) -> PresaleTerms:
    if unknown := value.keys() - {"deposit", "stock", "grace_hours"}:
        raise ValueError(f"a pre-sale has no {', '.join(sorted(unknown))}")
    hours = value.get("grace_hours", 0)
    if type(hours) is not int or not 0 <= hours <= 720:
        raise ValueError("grace_hours is a number from 0 to 720")
    deposit, stock = Deposit(value.get("deposit", "returned")), PresaleStock(value.get("stock", "briefly"))
    return PresaleTerms(deposit, stock, hours)
