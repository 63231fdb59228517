"""Which books partners keep of what they know, and in which words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from domain.status import FulfillmentStatus

Lister = Literal["channel", "erp", "crm", "tms", "payments", "wms"]
"""The partners who may list what they know."""


BOOKS_DIFFER = "BOOKS_DIFFER"
"""The code of the alert by which a person is called to an order whose money differs."""


@dataclass(frozen=True, slots=True)
class Book:
    """One list of a partner. The fields of `subject` together name what an entry is about, `at` is the time of its last
    change there, and the fields of `number` add up to its quantity.

    `whole`: everything is listed, not only what changed in a window. `owed`: what the record has and the partner does
    not list is a difference. `strangers`: so is what only the partner knows.
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
# Of goods that it does not name a warehouse says nothing, here as in its counts.
STOCK = Book("stock", ("location_id", "sku"), "changed_at", ("quantity",), whole=True, owed=False)
# A CRM has customers of its own, who are nobody here.
POINTS = Book("points", ("customer_id",), "changed_at", ("points", "spent"), owed=False, strangers=False)

BOOKS: Mapping[str, tuple[Book, ...]] = {
    "channel": (MESSAGES,),
    "erp": (MESSAGES,),
    "crm": (MESSAGES, POINTS),
    "tms": (SHIPMENTS,),
    "payments": (CAPTURES, REFUNDS),
    "wms": (FULFILLMENT_ORDERS, STOCK),
}
"""By partner what it lists, in the order in which it is compared."""


def book_of(partner: str, name: str) -> Book:
    return next(book for book in BOOKS[partner] if book.name == name)


def book_after(partner: str, name: str) -> Book | None:
    """The one to compare next, if there is one."""
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
    # What a customer fetched at the counter no carrier has ever had.
    F.DELIVERED: frozenset({"handed_over", "packed"}),
    F.REJECTED: frozenset({"rejected"}),
    # Taken back, come back, found to be nothing, or lost on the road.
    F.CANCELED: frozenset({"recalled", "returned", "picked", "handed_over"}),
}
"""What a warehouse calls each of our statuses of a fulfillment order."""
