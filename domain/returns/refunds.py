"""How much money goes back for which units: to the cent, in whatever pieces and order they come."""

from collections.abc import Mapping

from domain.money import Money
from domain.order import Order


def paid_by_unit(order: Order) -> dict[int, list[Money]]:
    """What was paid for each unit of each line: its price less its share of discounts, plus its share of tax.

    Shipping is not a unit's: it goes back only with the whole order (see `value_of`). The shares of all units and the
    shipping add up to the grand total, so everything in any number of pieces gives back exactly what was paid.
    """
    return _by_unit(order, order.grand_total - shipping_paid(order))


def tax_by_unit(order: Order) -> dict[int, list[Money]]:
    """The tax in what was paid for each unit of each line."""
    return _by_unit(order, order.tax)


def shipping_paid(order: Order) -> Money:
    """The shipping fee, or less where discounts went beyond the goods."""
    return min(order.shipping, order.grand_total)


def value_of(
    order: Order, asked: Mapping[int, int], returned_before: Mapping[int, int], with_shipping: bool = True
) -> Money:
    """What `asked` units a line were paid for when `returned_before` already went back; shipping with the last unit."""
    due = _sum(order, paid_by_unit(order), asked, returned_before)
    everything = all(
        returned_before.get(line.line_no, 0) + asked.get(line.line_no, 0) >= line.quantity for line in order.lines
    )
    return due + shipping_paid(order) if everything and with_shipping else due


def tax_in(order: Order, asked: Mapping[int, int], returned_before: Mapping[int, int]) -> Money:
    """The tax in what these units were paid for."""
    return _sum(order, tax_by_unit(order), asked, returned_before)


def deduct_points(spent: int, due: int, worth: int) -> tuple[int, int]:
    """How many of the `spent` points the refund pays for, and with how many minor units of the `due` ones.

    A hundred points are `worth` so many minor units; parts of one are left to the customer. One minor unit at least
    stays due, so that there is a refund that the points go back with.
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
        # A gift that Baton added is no line of the channel's order, and nothing was paid for it.
        due += sum(units.get(line_no, [])[first : first + quantity], Money(0, order.currency))
    return due
