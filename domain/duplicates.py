"""Recognizes an order that was placed twice: same customer, goods and address, however they are written."""

from collections import Counter
from hashlib import blake2b

from domain.order import Order


def content_hash(order: Order) -> int:
    """A signed 64-bit hash, equal for orders with the same customer, units by SKU and address.

    Case, spaces and the split into lines do not matter. Price, time, payment and remarks are ignored, since a second
    attempt differs in them. The hash is stored: with another formula no stored order would match.
    """
    to, units = order.ship_to, Counter[str]()
    for line in order.lines:
        units[line.sku] += line.quantity
    where = " ".join((to.country, to.province, to.city, to.district, to.postal_code, *to.lines, to.receiver_token))
    text = repr((order.customer_id, sorted(units.items()), "".join(where.split()).casefold()))
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), signed=True)
