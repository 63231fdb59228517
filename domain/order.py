"""An order as every part of Baton reads it, whatever its channel calls things."""

from dataclasses import dataclass, field
from datetime import datetime

from domain.money import Money
from domain.tenders import Tender


@dataclass(frozen=True, slots=True)
class Address:
    """Where goods go. Parts that the channel does not give are empty."""

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
    """The channel's opaque token for a receiver whom it masks (OAID): the same for the same person and address."""


@dataclass(frozen=True, slots=True)
class Buyer:
    """The importer of cross-border goods: a token that is the same for the same identity number, and its last 4 digits.

    `masked_name` shows the first letter of the real name. Neither the name nor the number is kept.
    """

    id_token: str
    id_last4: str
    masked_name: str


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line as the customer saw it; `line_no` counts from 1. `total` is the price of the line after its discount."""

    line_no: int
    sku: str
    quantity: int
    unit_price: Money
    discount: Money
    title: str = ""
    channel_line_id: str = ""
    gift: bool = False
    bundle_of: str = ""
    """SKU of the bundle that this line is a part of, or empty."""
    properties: tuple[tuple[str, str], ...] = ()
    """What the customer chose, such as engraving or color, in the channel's words."""

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
    shared_payment: bool = False
    """True if its payment covers other orders too: what is due of it is this order's part."""
    remarks: str = ""
    merchant_remarks: str = ""
    tags: tuple[str, ...] = field(default=())
    pickup_location: str = ""
    """The store where the customer picks the order up; empty if it is shipped."""
    test: bool = False
    """Placed to test the channel: nothing may be shipped."""
    buyer: Buyer | None = None
    """The importer of cross-border goods, if the channel gave one."""
    edited_minor: int = 0
    """By how many minor units edits have changed the grand total since the order was placed."""
    charge_minor: int = 0
    """How many minor units edits charge and nobody has paid yet."""
    disputed_minor: int = 0
    """How many minor units banks dispute, or have taken back for good."""
    collected: Money | None = None
    """What its channel says that it has collected itself; None if it says nothing."""
    tenders: tuple[Tender, ...] = ()
    """Parts of the price that are paid apart from the order's own payment."""
    language: str = ""
    """The customer's language, such as `en` or `zh-CN`; empty if the channel does not say."""
    ship_by: datetime | None = None
    deliver_by: datetime | None = None
    """Deadlines promised to the customer: by the channel if it says so, else by our rules once the order is paid."""
    promise_id: str = ""
    """The promise that was given for it before it was placed, or empty."""
    promise_state: str = ""
    """What became of that promise (domain/promising.py)."""

    @property
    def currency(self) -> str:
        return self.grand_total.currency

    @property
    def placed_total(self) -> Money:
        """The grand total as the order was placed, before any edit."""
        return Money(self.grand_total.minor_units - self.edited_minor, self.currency)

    @property
    def tendered(self) -> Money:
        """What its tenders pay."""
        return Money(sum(tender.amount.minor_units for tender in self.tenders), self.currency)

    @property
    def left_to_pay(self) -> Money:
        """The grand total less its tenders: what is paid at the door or by invoice."""
        return self.grand_total - self.tendered

    @property
    def own_due(self) -> Money:
        """What its own payment is of."""
        return self.placed_total - self.tendered

    @property
    def sum_of_parts(self) -> Money:
        """Lines − discount + shipping + tax: the grand total that the order should have."""
        lines = Money(sum(line.total.minor_units for line in self.lines), self.currency)
        return lines - self.discount + self.shipping + self.tax
