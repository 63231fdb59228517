"""What a customer may ask for after the sale: one table. A line more and one more kind of case is judged by it."""

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
    """Where the money of a case goes: the way it came, or onto the customer's store credit."""

    ORIGINAL = "original"
    STORE_CREDIT = "store_credit"


class Remedy(StrEnum):
    """What the person who approves a warranty case decides that the customer gets."""

    REFUND = "refund"
    EXCHANGE = "exchange"
    RESHIP = "reship"


@dataclass(frozen=True, slots=True)
class Rules:
    """`goods_come`: something is received before the case is done. `in_window`: the return window must be open.

    `replaces`: other goods are sent instead of money. `after_delivery`: it makes no sense while goods are on their way.
    `of_units`: units of the order are used up by it, so that no other case may have them.
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
"""The kind of case that a warranty case is carried out as."""


def carried_out_as(kind: str, remedy: str) -> ReturnKind:
    """The kind whose story the case lives; a warranty case without a remedy is paid back."""
    return REMEDIES[remedy or Remedy.REFUND] if kind == ReturnKind.WARRANTY else ReturnKind(kind)
