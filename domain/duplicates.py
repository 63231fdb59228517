"""What makes two orders look like one: the same customer, goods and address, however they are written."""

from collections import Counter
from hashlib import blake2b

from domain.order import Order


def content_hash(order: Order) -> int:
    """A signed 64-bit number, the same for orders with the same customer, units by SKU and address.

    Case, spaces and the split into lines do not matter; price, time, payment and remarks are not looked at, since a
    second attempt differs in these. A database keeps it: another formula finds nothing among the orders before it.
    """
    to, units = order.ship_to, Counter[str]()
    for line in order.lines:
        units[line.sku] += line.quantity
    where = " ".join((to.country, to.province, to.city, to.district, to.postal_code, *to.lines, to.receiver_token))
    text = repr((order.customer_id, sorted(units.items()), "".join(where.split()).casefold()))
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), signed=True)
