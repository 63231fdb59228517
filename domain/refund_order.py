"""In which order the payments of an order are paid back, each never beyond what it paid."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from domain.tenders import TenderKind

ANY = "*"
BY_DEFAULT = (TenderKind.GATEWAY, TenderKind.PLATFORM, TenderKind.GIFT_CARD, TenderKind.STORE_CREDIT)
"""Money first, and balances last."""


@dataclass(frozen=True, slots=True)
class RefundablePayment:
    """A payment of an order and what is left of it, in minor units. The order's own has no `reference`; a link of an
    edit is a payment of the gateway. `since` counts up from the first."""

    reference: str
    kind: TenderKind
    left: int
    since: int = 0


Table = Mapping[str, tuple[TenderKind, ...]]
"""Kinds in their order, by channel."""


def order_of(table: Table, channel: str) -> tuple[TenderKind, ...]:
    return table.get(channel, table.get(ANY, BY_DEFAULT))


def shared_out(minor: int, payments: Sequence[RefundablePayment], kinds: Sequence[TenderKind]) -> list[tuple[str, int]]:
    """Share a refund out: kind by kind, and of one kind the last payment first. What none of them has is asked of the
    order's own, so that it is refused by name."""
    found, due = dict[str, int](), minor
    for one in sorted(payments, key=lambda one: (kinds.index(one.kind), -one.since)):
        found[one.reference] = min(due, max(0, one.left))
        due -= found[one.reference]
    found[""] = found.get("", 0) + due
    return [(reference, part) for reference, part in found.items() if part]


def read_refund_order(value: Any) -> dict[str, tuple[TenderKind, ...]]:
    """`{"*": ["gateway", "gift_card", "store_credit", "platform"]}`: kinds that a channel leaves out come last.

    Raises ValueError, TypeError or AttributeError.
    """
    return {channel: _read(kinds) for channel, kinds in value.items()}


def _read(value: Any) -> tuple[TenderKind, ...]:
    named = tuple([TenderKind(kind) for kind in value])
    if len(set(named)) < len(named):
        raise ValueError("names a kind twice")
    return (*named, *[kind for kind in BY_DEFAULT if kind not in named])
