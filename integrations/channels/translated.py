"""Input and output of every translator: an order in our terms, the channel's view of its money, and events."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from domain.elsewhere import ParcelElsewhere
from domain.money import Money
from domain.order import Order
from domain.status import PaymentStatus

PAID = frozenset({PaymentStatus.PAID, PaymentStatus.PARTIALLY_REFUNDED, PaymentStatus.REFUNDED})
"""Statuses of orders that were paid in full."""


class Kind(StrEnum):
    """What happened to the order at the channel."""

    CREATE = "create"
    PAID = "paid"
    UPDATED = "updated"
    CANCELED = "canceled"
    ADDRESS_CHANGED = "address_changed"
    REFUND_ASKED = "refund_asked"


@dataclass(frozen=True, slots=True)
class Shop:
    """One account at a channel. `zone` is that of local times, `country` the default for orders without an address.

    `salt` goes into the tokens of guests. `carriers` maps our name of a carrier to the channel's code, and
    `stores` the number of a store at its tills to our location.
    """

    channel: str
    country: str = "CN"
    currency: str = "CNY"
    zone: str = "Asia/Shanghai"
    salt: str = ""
    marketplace: str = ""
    carriers: Mapping[str, str] = field(default_factory=dict)
    stores: Mapping[str, str] = field(default_factory=dict)

    def carrier(self, name: str) -> str:
        return self.carriers.get(name, name)


@dataclass(frozen=True, slots=True)
class Financial:
    """The channel's view of the money, to compare with the gateway's, which counts."""

    status: PaymentStatus
    refunded: Money
    """Already refunded within this order."""
    tax_included: Money
    """Tax that the prices include; it is not in `order.tax`."""
    paid_at: datetime | None = None
    refunded_units: tuple[tuple[str, int], ...] = ()
    """Refunded units as pairs of `channel_line_id` and units, if the channel lists them."""
    refund_asked: bool = False
    canceled: bool = False
    cash_on_delivery: bool = False
    part: Money | None = None
    """What a partly paid order has paid, if the channel says how much."""

    def collected(self, total: Money) -> Money | None:
        """What the channel says that it has collected of this total; None if it says nothing."""
        if self.status in PAID:
            return total
        return self.part if self.status is PaymentStatus.PARTIALLY_PAID else None


@dataclass(frozen=True, slots=True)
class Translated:
    """An order in the channel's current version. `kind` is derived from its state; an event may be more exact."""

    order: Order
    financial: Financial
    kind: Kind
    modified_at: datetime
    warnings: tuple[str, ...] = ()
    masked: bool = False
    test: bool = False
    elsewhere: tuple[ParcelElsewhere, ...] = ()
    """What the platform says was shipped, by whomever: parcels that we reported to it are among them."""

    @property
    def receiver_token(self) -> str:
        """The opaque receiver token (OAID) for merging and de-duplication, or empty."""
        return self.order.ship_to.receiver_token


@dataclass(frozen=True, slots=True)
class ThinEvent:
    """An event that only names its order: acknowledge it, then fetch the order."""

    order_id: str
    kind: Kind = Kind.UPDATED
    event_id: str = ""


Event = Kind | ThinEvent
"""A bare Kind means that the payload is the order itself."""


@dataclass(frozen=True, slots=True)
class ShippedLine:
    """A line in a parcel; `channel_line_id` is the translator's."""

    channel_line_id: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Shipped:
    """A parcel to upload. `order_ref` is the channel's order id unless its translator says otherwise."""

    order_ref: str
    carrier: str
    waybill: str
    shipped_at: datetime
    lines: Sequence[ShippedLine] = ()
    parcel_no: int = 1
