"""The refund for any units of an order: exact to the cent, whatever the order in which units come back."""

from collections.abc import Mapping

from domain.money import Money
from domain.order import Order


def paid_by_unit(order: Order) -> dict[int, list[Money]]:
    """By line number the amount paid for each unit: price less its share of discounts, plus its share of tax.

    Shipping is no part of it: it goes back only with the whole order (see `value_of`). All units and the shipping add
    up to the grand total, so returning everything, in any number of cases, refunds exactly what was paid.
    """
    return _by_unit(order, order.grand_total - shipping_paid(order))


def tax_by_unit(order: Order) -> dict[int, list[Money]]:
    """By line number the tax in the amount paid for each unit."""
    return _by_unit(order, order.tax)


def shipping_paid(order: Order) -> Money:
    """The shipping fee that was paid; less than the fee if discounts exceeded the goods."""
    return min(order.shipping, order.grand_total)


def value_of(
    order: Order, asked: Mapping[int, int], returned_before: Mapping[int, int], with_shipping: bool = True
) -> Money:
    """The amount paid for the `asked` units by line, after `returned_before` went back. The last unit adds the
    shipping."""
    due = _sum(order, paid_by_unit(order), asked, returned_before)
    everything = all(
        returned_before.get(line.line_no, 0) + asked.get(line.line_no, 0) >= line.quantity for line in order.lines
    )
    return due + shipping_paid(order) if everything and with_shipping else due


def tax_in(order: Order, asked: Mapping[int, int], returned_before: Mapping[int, int]) -> Money:
    """The tax in the amount paid for these units."""
    return _sum(order, tax_by_unit(order), asked, returned_before)


def deduct_points(spent: int, due: int, worth: int) -> tuple[int, int]:
    """(points, minor units): how many of the `spent` points are deducted from a refund, and how much of `due` they
    cost.

    A hundred points are worth `worth` minor units, rounded down in the customer's favor. At least one minor unit stays
    due, so that there is a refund to report the points with.
    """
    if spent <= 0 or worth <= 0 or due <= 1:
        return 0, 0
    points = min(spent, (due - 1) * 100 // worth)
    return points, points * worth // 100


def _by_unit(order: Order, amount: Money) -> dict[int, list[Money]]:
    shares = amount.split([max(0, line.total.minor_units) for line in order.lines])
    return {line.line_no: share.split([1] * line.quantity) for line, share in zip(order.lines, shares, strict=True)}


def _sum(
    order: Order, units: Mapping[int, list[Money]], asked: Mapping[int, int], returned_before: Mapping[int, int]
) -> Money:
    due = Money(0, order.currency)
    for line_no, quantity in asked.items():
        first = returned_before.get(line_no, 0)
        # A gift that Baton added is not a line of the channel's order, and nothing was paid for it.
        due += sum(units.get(line_no, [])[first : first + quantity], Money(0, order.currency))
    return due
