"""The books of each partner: the lists in which it states what it knows, and its words in them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from domain.status import FulfillmentStatus

Lister = Literal["channel", "erp", "crm", "tms", "payments", "wms"]
"""The partners that may have statements."""


BOOKS_DIFFER = "BOOKS_DIFFER"
"""Code of the alert for an order whose money differs from a partner's book."""


@dataclass(frozen=True, slots=True)
class Book:
    """One list of a partner. The fields of `subject` together identify an entry, the field `at` is the time of its last
    change there, and the fields of `number` add up to its quantity.

    `whole`: the partner lists everything, not only what changed in a window. `owed`: an entry of ours that the partner
    does not list is a difference. `strangers`: so is an entry that only the partner has.
    """

    name: str
    subject: tuple[str, ...]
    at: str
    number: tuple[str, ...] = ()
    whole: bool = False
    owed: bool = True
    strangers: bool = True


MESSAGES = Book("messages", ("message_id",), "taken_at")
SHIPMENTS = Book("shipments", ("shipment_id",), "occurred_at")
CAPTURES = Book("captures", ("payment_reference",), "captured_at")
REFUNDS = Book("refunds", ("refund_key",), "changed_at")
FULFILLMENT_ORDERS = Book("fulfillment-orders", ("fulfillment_order_id",), "changed_at")
# A SKU that the warehouse does not list is unknown, not zero, here as in its counts.
STOCK = Book("stock", ("location_id", "sku"), "changed_at", ("quantity",), whole=True, owed=False)
# A CRM has customers who never ordered with us.
POINTS = Book("points", ("customer_id",), "changed_at", ("points", "spent"), owed=False, strangers=False)

BOOKS: Mapping[str, tuple[Book, ...]] = {
    "channel": (MESSAGES,),
    "erp": (MESSAGES,),
    "crm": (MESSAGES, POINTS),
    "tms": (SHIPMENTS,),
    "payments": (CAPTURES, REFUNDS),
    "wms": (FULFILLMENT_ORDERS, STOCK),
}
"""The books of each partner, in the order in which they are compared."""


def book_of(partner: str, name: str) -> Book:
    return next(book for book in BOOKS[partner] if book.name == name)


def book_after(partner: str, name: str) -> Book | None:
    """The next book to compare, or None after the last."""
    books = BOOKS[partner]
    following = books[[book.name for book in books].index(name) + 1 :]
    return following[0] if following else None


F = FulfillmentStatus

WAREHOUSE_WORDS: Mapping[FulfillmentStatus, frozenset[str]] = {
    F.OPEN: frozenset(),
    F.RELEASED: frozenset({"accepted"}),
    F.PICKING: frozenset({"picking"}),
    F.PICKED: frozenset({"picked"}),
    F.PACKED: frozenset({"packed"}),
    F.SHIPPED: frozenset({"handed_over"}),
    # Goods that a customer picked up at the counter were never handed to a carrier.
    F.DELIVERED: frozenset({"handed_over", "packed"}),
    F.REJECTED: frozenset({"rejected"}),
    # Recalled, returned, picked with nothing found, or lost in transit.
    F.CANCELED: frozenset({"recalled", "returned", "picked", "handed_over"}),
}
"""What a warehouse calls each of our statuses of a fulfillment order."""
