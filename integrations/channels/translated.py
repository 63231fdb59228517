"""What every translator gives and takes: an order in our words, what the channel says of its money, and events."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from domain.money import Money
from domain.order import Order
from domain.status import PaymentStatus


class Kind(StrEnum):
    """What happened to the order at the channel, as far as it tells."""

    CREATE = "create"
    PAID = "paid"
    UPDATED = "updated"
    CANCELED = "canceled"
    ADDRESS_CHANGED = "address_changed"
    REFUND_ASKED = "refund_asked"


@dataclass(frozen=True, slots=True)
class Shop:
    """One account at a channel. `zone` is for local times, `country` for orders without an address.

    `salt` goes into the tokens of guests. `carriers` gives the channel's code for a carrier of ours.
    """

    channel: str
    country: str = "CN"
    currency: str = "CNY"
    zone: str = "Asia/Shanghai"
    salt: str = ""
    marketplace: str = ""
    carriers: Mapping[str, str] = field(default_factory=dict)

    def carrier(self, name: str) -> str:
        return self.carriers.get(name, name)


@dataclass(frozen=True, slots=True)
class Financial:
    """What the channel says of the money. The gateway's word counts; this is what to hold it against."""

    status: PaymentStatus
    refunded: Money
    """Given back already, inside this order."""
    tax_included: Money
    """Tax that is inside the prices and therefore not in `order.tax`."""
    paid_at: datetime | None = None
    refunded_units: tuple[tuple[str, int], ...] = ()
    """Units given back by `channel_line_id`, where the channel tells."""
    refund_asked: bool = False
    canceled: bool = False
    cash_on_delivery: bool = False


@dataclass(frozen=True, slots=True)
class Translated:
    """An order as its channel tells it now. `kind` is what its state amounts to; an event may say it more exactly."""

    order: Order
    financial: Financial
    kind: Kind
    modified_at: datetime
    warnings: tuple[str, ...] = ()
    masked: bool = False
    test: bool = False

    @property
    def receiver_token(self) -> str:
        """The opaque token (OAID) by which to merge and de-duplicate, or empty."""
        return self.order.ship_to.receiver_token


@dataclass(frozen=True, slots=True)
class Thin:
    """An event that names its order and does not carry it: answer, then fetch the order."""

    order_id: str
    kind: Kind = Kind.UPDATED
    event_id: str = ""


Event = Kind | Thin
"""A kind alone says that the payload is the order itself."""


@dataclass(frozen=True, slots=True)
class ShippedLine:
    """A line in a parcel; `channel_line_id` as the translator gave it."""

    channel_line_id: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Shipped:
    """A parcel to tell the channel of. `order_ref` is the channel's order id unless its translator says otherwise."""

    order_ref: str
    carrier: str
    waybill: str
    shipped_at: datetime
    lines: Sequence[ShippedLine] = ()
    parcel_no: int = 1
