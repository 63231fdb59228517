"""Payment terms: who collects the money of an order, and what is enough for its goods to leave.

They are a dated parameter by channel and payment method, `*` for any; the most exact pair counts, a channel before a
method. Without a row the payment gateway collects and must have captured everything.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from domain.money import Money

ANY = "*"


class TermsKind(StrEnum):
    """Who collects the money, and when."""

    GATEWAY = "gateway"
    """Our payment gateway, before the order goes on: its word counts."""
    PLATFORM = "platform"
    """The channel, which pays out later: its signed word counts."""
    ON_DELIVERY = "on_delivery"
    """The carrier, from the customer at the door."""
    ON_CREDIT = "on_credit"
    """Nobody before the goods leave: the customer pays an invoice."""
    AUTHORIZED = "authorized"
    """Our payment gateway, which has reserved everything before the order goes on: it is captured as goods leave."""


PAST_THE_GATEWAY = frozenset({TermsKind.PLATFORM, TermsKind.ON_DELIVERY, TermsKind.ON_CREDIT})
"""Kinds whose money never passes the gateway."""

OPTIONS: Mapping[TermsKind, frozenset[str]] = {
    TermsKind.GATEWAY: frozenset(),
    TermsKind.PLATFORM: frozenset({"refunds"}),
    TermsKind.ON_DELIVERY: frozenset({"areas", "most", "carriers"}),
    TermsKind.ON_CREDIT: frozenset(),
    TermsKind.AUTHORIZED: frozenset({"capture"}),
}
REFUNDS = ("channel", "person")
REFUND_TO_PAY = "REFUND_TO_PAY"
"""Code of the alert of an order with a refund that a person is to pay."""
BY_SHIPMENT, AT_ORDER = "shipment", "order"
CHOICES: Mapping[str, tuple[str, ...]] = {"refunds": REFUNDS, "capture": (BY_SHIPMENT, AT_ORDER)}


@dataclass(frozen=True, slots=True)
class PaymentTerms:
    """The terms of one channel and payment method. Options of another kind are as without a row.

    `refunds`: money goes back by a call of the `channel`, or a `person` gives it back there. `areas` are the countries
    (ISO 3166) and provinces where a carrier may collect, empty for everywhere, `most` the largest total by currency in
    minor units, and `carriers` those that collect, empty for all. `capture`: what is reserved is captured `shipment` by
    shipment, or all of it at the `order`, as soon as its stock is reserved.
    """

    kind: TermsKind = TermsKind.GATEWAY
    refunds: str = "channel"
    areas: frozenset[str] = frozenset()
    most: Mapping[str, int] = field(default_factory=dict)
    carriers: frozenset[str] = frozenset()
    capture: str = BY_SHIPMENT

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

    Raises ValueError, TypeError, KeyError, AttributeError or NotMoney.
    """
    return {channel: {method: _read(terms) for method, terms in methods.items()} for channel, methods in value.items()}


def _read(value: Mapping[str, Any]) -> PaymentTerms:
    kind = TermsKind(value["kind"])
    options = dict(value) | {"kind": kind}
    if unknown := options.keys() - {"kind"} - OPTIONS[kind]:
        raise ValueError(f"{kind} has no {', '.join(sorted(unknown))}")
    for name, choices in CHOICES.items():
        if options.get(name, choices[0]) not in choices:
            raise ValueError(f"{name} is one of {', '.join(choices)}")
    for name in options.keys() & {"areas", "carriers"}:
        options[name] = _texts(options[name])
    if "most" in options:
        options["most"] = {code: Money.parse(most, code).minor_units for code, most in options["most"].items()}
    return PaymentTerms(**options)


def _texts(value: Any) -> frozenset[str]:
    if not isinstance(value, list) or not all(isinstance(text, str) and text for text in value):
        raise ValueError(f"{value!r} is not a list of texts")
    return frozenset(value)
