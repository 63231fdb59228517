"""What a channel gives us: an order as every part of Baton reads it, whatever the channel called things."""

from dataclasses import dataclass, field
from datetime import datetime

from domain.money import Money


@dataclass(frozen=True, slots=True)
class Address:
    """Where goods go. Parts that a channel masked or never had are empty."""

    country: str
    name: str = ""
    phone: str = ""
    email: str = ""
    province: str = ""
    city: str = ""
    district: str = ""
    postal_code: str = ""
    lines: tuple[str, ...] = ()
    receiver_token: str = ""
    """What the channel calls a receiver whom it masks (OAID): the same for the same person and address, and opaque."""


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who imports, as far as we keep it: a token that is the same for the same identity number, and its last four.

    `masked_name` is the first letter of the real name; neither the name nor the number is kept.
    """

    id_token: str
    id_last4: str
    masked_name: str


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line as the customer saw it; `line_no` counts from 1. `total` is what the line costs after its discount."""

    line_no: int
    sku: str
    quantity: int
    unit_price: Money
    discount: Money
    title: str = ""
    channel_line_id: str = ""
    gift: bool = False
    bundle_of: str = ""
    """The SKU of the bundle that this line is a part of, or empty."""
    properties: tuple[tuple[str, str], ...] = ()
    """What the customer chose or had written: engraving, color, in the channel's words."""

    @property
    def total(self) -> Money:
        return self.unit_price * self.quantity - self.discount


@dataclass(frozen=True, slots=True)
class Order:
    """An order in the words of the channel, validated and with money in minor units."""

    channel: str
    channel_order_id: str
    placed_at: datetime
    customer_id: str
    ship_to: Address
    lines: tuple[OrderLine, ...]
    discount: Money
    shipping: Money
    tax: Money
    grand_total: Money
    payment_reference: str
    payment_method: str = ""
    remarks: str = ""
    merchant_remarks: str = ""
    tags: tuple[str, ...] = field(default=())
    pickup_location: str = ""
    """The store where the customer fetches it, or empty: it is sent."""
    test: bool = False
    """Placed to try the channel out: nothing may be sent."""
    buyer: Buyer | None = None
    """The real name of a cross-border buyer, where one was given."""
    language: str = ""
    """What the customer reads, as `en` or `zh-CN`, or empty where the channel does not say."""
    ship_by: datetime | None = None
    deliver_by: datetime | None = None
    """What the customer was promised: by the channel, where it says so, and by us once the order is paid."""

    @property
    def currency(self) -> str:
        return self.grand_total.currency

    @property
    def sum_of_parts(self) -> Money:
        """Lines − discount + shipping + tax: what the grand total ought to be."""
        lines = Money(sum(line.total.minor_units for line in self.lines), self.currency)
        return lines - self.discount + self.shipping + self.tax
