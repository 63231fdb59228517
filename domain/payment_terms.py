"""Payment terms: who collects the money of an order, and what is enough for its goods to leave.

They are a dated parameter by channel and payment method, `*` for any; the most exact pair counts, a channel before a
method. Without a row the payment gateway collects and must have captured everything.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

ANY = "*"


class TermsKind(StrEnum):
    """Who collects the money, and when."""

    GATEWAY = "gateway"
    """Our payment gateway, before the order goes on: its word counts."""
    PLATFORM = "platform"
    """The channel, which pays out later: its signed word counts."""


OPTIONS: Mapping[TermsKind, frozenset[str]] = {
    TermsKind.GATEWAY: frozenset(),
    TermsKind.PLATFORM: frozenset({"refunds"}),
}
REFUNDS = ("channel", "person")


@dataclass(frozen=True, slots=True)
class PaymentTerms:
    """The terms of one channel and payment method. Options of another kind are as without a row.

    `refunds`: money goes back by a call of the `channel`, or a `person` gives it back there.
    """

    kind: TermsKind = TermsKind.GATEWAY
    refunds: str = "channel"

    @property
    def stored(self) -> str:
        """As orders keep it: empty for the gateway."""
        return "" if self.kind is TermsKind.GATEWAY else self.kind.value


Table = Mapping[str, Mapping[str, PaymentTerms]]
"""Terms by channel, then by payment method."""

BY_GATEWAY = PaymentTerms()


def terms_of(table: Table, channel: str, method: str) -> PaymentTerms:
    """The terms of an order of this channel and payment method."""
    for of_channel in (table.get(channel, {}), table.get(ANY, {})):
        for name in (method, ANY):
            if name in of_channel:
                return of_channel[name]
    return BY_GATEWAY


def read_payment_terms(value: Any) -> dict[str, dict[str, PaymentTerms]]:
    """`{"taobao": {"*": {"kind": "platform", "refunds": "person"}}, "*": {"*": {"kind": "gateway"}}}`

    Raises ValueError, TypeError, KeyError or AttributeError.
    """
    return {channel: {method: _read(terms) for method, terms in methods.items()} for channel, methods in value.items()}


def _read(value: Mapping[str, Any]) -> PaymentTerms:
    kind = TermsKind(value["kind"])
    options = dict(value) | {"kind": kind}
    if unknown := options.keys() - {"kind"} - OPTIONS[kind]:
        raise ValueError(f"{kind} has no {', '.join(sorted(unknown))}")
    if options.get("refunds", REFUNDS[0]) not in REFUNDS:
        raise ValueError(f"refunds is one of {', '.join(REFUNDS)}")
    return PaymentTerms(**options)
