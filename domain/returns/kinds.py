"""Kinds of return cases: one table. To add a kind, add a line."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class ReturnKind(StrEnum):
    RETURN_AND_REFUND = "return_and_refund"
    REFUND_ONLY = "refund_only"
    EXCHANGE = "exchange"
    RESHIP = "reship"
    CLAIM = "claim"
    REFUSED_PARCEL = "refused_parcel"
    STORE_RETURN = "store_return"
    WARRANTY = "warranty"


class RefundTo(StrEnum):
    """Where the money of a case goes: to the original payment, or to a store credit."""

    ORIGINAL = "original"
    STORE_CREDIT = "store_credit"


class Remedy(StrEnum):
    """What the customer of a warranty case gets, decided by the person who approves it."""

    REFUND = "refund"
    EXCHANGE = "exchange"
    RESHIP = "reship"


@dataclass(frozen=True, slots=True)
class Rules:
    """`goods_come`: goods are received before the case ends. `in_window`: the return window must be open.

    `replaces`: goods are sent instead of money. `after_delivery`: allowed only once the goods were delivered.
    `of_units`: the case takes units of the order, which no other case may take again.
    """

    goods_come: bool = True
    in_window: bool = True
    replaces: bool = False
    after_delivery: bool = False
    of_units: bool = True


KINDS: Mapping[ReturnKind, Rules] = {
    ReturnKind.RETURN_AND_REFUND: Rules(),
    ReturnKind.REFUND_ONLY: Rules(goods_come=False),
    ReturnKind.EXCHANGE: Rules(replaces=True, after_delivery=True),
    ReturnKind.RESHIP: Rules(goods_come=False, replaces=True, after_delivery=True),
    ReturnKind.CLAIM: Rules(goods_come=False, in_window=False, of_units=False),
    ReturnKind.REFUSED_PARCEL: Rules(in_window=False),
    ReturnKind.STORE_RETURN: Rules(after_delivery=True),
    ReturnKind.WARRANTY: Rules(in_window=False, after_delivery=True),
}

REMEDIES: Mapping[str, ReturnKind] = {
    Remedy.REFUND: ReturnKind.RETURN_AND_REFUND,
    Remedy.EXCHANGE: ReturnKind.EXCHANGE,
    Remedy.RESHIP: ReturnKind.RESHIP,
}
"""The kind that a warranty case is carried out as, by remedy."""


def carried_out_as(kind: str, remedy: str) -> ReturnKind:
    """The kind that decides the steps of the case. A warranty case without a remedy is refunded."""
    return REMEDIES[remedy or Remedy.REFUND] if kind == ReturnKind.WARRANTY else ReturnKind(kind)
