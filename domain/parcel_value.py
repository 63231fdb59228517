"""What the goods of a parcel cost the customer: exact to the cent, however an order is split into parcels."""

from collections import Counter
from collections.abc import Mapping

from domain.money import Money
from domain.order import Order
from domain.returns.refunds import shipping_paid, value_of


def units_by_line(order: Order, goods: Mapping[str, int], before: Mapping[int, int]) -> Counter[int]:
    """Units of each line in a parcel with these goods by SKU, when earlier parcels hold the units `before`.

    Units that no line has, such as gifts that Baton added, are of no line.
    """
    left, units = Counter(goods), Counter[int]()
    for line in order.lines:
        here = min(line.quantity - before.get(line.line_no, 0), left[line.sku])
        if here > 0:
            units[line.line_no] = here
            left[line.sku] -= here
    return units


def value_of_parcel(order: Order, units: Mapping[int, int], before: Mapping[int, int], *, first: bool) -> Money:
    """The price of these units by line, after the units `before` of earlier parcels. The first parcel adds the
    shipping, so that all parcels together are the grand total."""
    value = value_of(order, units, before, with_shipping=False)
    return value + shipping_paid(order) if first else value
