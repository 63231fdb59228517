"""Tenders: parts of an order's price that are paid apart from its own payment, such as gift cards or a balance due."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from domain.money import Money

MAX_TENDERS = 20
BALANCE = "balance"
"""The method of a channel's tender that is the balance of a pre-sale, also when the channel does not say until when."""


class TenderKind(StrEnum):
    """Whose word counts that a tender was paid, and where its money goes back to."""

    GATEWAY = "gateway"
    """Our payment gateway knows it by a reference of its own."""
    PLATFORM = "platform"
    """The channel collects it: its points, coupons and gift cards, or the balance of its pre-sale."""
    STORE_CREDIT = "store_credit"
    GIFT_CARD = "gift_card"
    """A balance that we keep: it is spent when the order is audited."""


BALANCES = (TenderKind.STORE_CREDIT, TenderKind.GIFT_CARD)


@dataclass(frozen=True, slots=True)
class Tender:
    """A part of the price, numbered from 1. The `reference` of a balance is its public id, never its code.

    With `due_at` it is the balance of a pre-sale: the order's own payment is the deposit.
    """

    tender_no: int
    kind: TenderKind
    reference: str
    amount: Money
    method: str = ""
    due_at: datetime | None = None
    collected: bool = False
    """What the channel says of a tender of its own."""


def credit_id(code: str) -> str:
    """The public id of a store credit or gift card: whoever has the code can tell the id, but not the reverse."""
    return f"cr_{sha256(code.strip().upper().encode()).hexdigest()[:24]}"


def reference_of(kind: TenderKind, named: str) -> str:
    """The reference that is kept of what a channel named."""
    return credit_id(named) if kind in BALANCES else named


def problems(tenders: Sequence[Tender], total: Money, own_reference: str) -> Iterator[tuple[int, str, str]]:
    """What is wrong with these tenders of an order: index from 0, field and reason."""
    seen, left = {own_reference} - {""}, total.minor_units
    for index, tender in enumerate(tenders):
        if tender.reference in seen:
            yield index, "reference", "is named twice by this order"
        seen.add(tender.reference)
        left -= tender.amount.minor_units
        if tender.amount.minor_units <= 0:
            yield index, "amount", "is not above zero"
        elif left < 0:
            yield index, "amount", "makes the tenders more than the grand total"
        if tender.due_at and tender.kind in BALANCES:
            yield index, "due_at", "is only for what the gateway or the channel collects"
        if tender.collected and tender.kind is not TenderKind.PLATFORM:
            yield index, "collected", "is only for what the channel collects"
