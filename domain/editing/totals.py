"""The money of an edited order: its new form, and what it is worth, to the cent."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from domain.editing.standing import OrderStanding
from domain.editing.wanted import WantedEdit
from domain.money import Money
from domain.order import Order, OrderLine
from domain.returns.refunds import paid_by_unit, shipping_paid


@dataclass(frozen=True, slots=True)
class EditedOrder:
    """The order after an edit; `withdrawn` counts units by line number that are not wanted any more."""

    order: Order
    withdrawn: Mapping[int, int]


def edited(standing: OrderStanding, wanted: WantedEdit) -> EditedOrder:
    """Return the order with its lines and amounts as wanted.

    Units that go are withdrawn from their line, which keeps its price; units that come enlarge it at that price. Unless
    it is named, tax grows with added goods at the order's own rate. What the grand total differed from its parts by, it
    still does.
    """
    order, withdrawn = standing.order, dict(standing.withdrawn)
    lines = list[OrderLine]()
    for line in order.lines:
        more = wanted.quantities.get(line.line_no, standing.remaining(line.line_no)) - standing.remaining(line.line_no)
        if more < 0:
            withdrawn[line.line_no] = withdrawn.get(line.line_no, 0) - more
        lines.append(replace(line, quantity=line.quantity + max(0, more)))
    last = max(line.line_no for line in order.lines)
    lines += [
        OrderLine(number, line.sku, line.quantity, line.unit_price, line.discount, line.title)
        for number, line in enumerate(wanted.added, last + 1)
    ]
    after = replace(order, lines=tuple(lines))
    after = replace(
        after,
        discount=wanted.amounts.get("discount", order.discount),
        shipping=wanted.amounts.get("shipping", order.shipping),
        tax=wanted.amounts.get("tax", _tax(order, after)),
    )
    odd = order.grand_total - order.sum_of_parts
    return EditedOrder(replace(after, grand_total=after.sum_of_parts + odd), withdrawn)


def worth(order: Order, withdrawn: Mapping[int, int]) -> Money:
    """Return what the customer pays for the units that are wanted, with the shipping: discounts and tax are shared out
    by unit as for a return, so that no cent is lost."""
    by_unit = paid_by_unit(order)
    units = [amount for line_no, amounts in by_unit.items() for amount in amounts[withdrawn.get(line_no, 0) :]]
    return sum(units, shipping_paid(order))


def _tax(before: Order, after: Order) -> Money:
    goods, now = _goods(before), _goods(after)
    if not before.tax.minor_units or now <= goods or goods <= 0:
        return before.tax
    return Money((2 * before.tax.minor_units * now + goods) // (2 * goods), before.currency)


def _goods(order: Order) -> int:
    return sum(line.total.minor_units for line in order.lines)
