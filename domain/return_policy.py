"""May these goods come back, and how much money goes back for them?"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain.money import Money
from domain.order import Order

# Consumer protection act art. 25: the days are counted in the customer's time.
LEGAL_ZONE = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class ReturnFacts:
    """What the record knows when a case is opened; all mappings are units by line number.

    `delivered_at` is the last delivery, or None while goods are still here or on the road.
    """

    asked: Mapping[int, int]
    ordered: Mapping[int, int]
    in_other_cases: Mapping[int, int]
    order_undone: bool
    paid: bool
    delivered_at: datetime | None
    requested_at: datetime
    window: timedelta


def window_ends(delivered_at: datetime, window: timedelta) -> datetime:
    """The last moment of the return window: whole days after the day of signing, in China's time.

    Source: interim measures on seven-day returns (2017): the count starts on the day after the signing.
    """
    signing_day = delivered_at.astimezone(LEGAL_ZONE).date()
    return datetime.combine(signing_day + window + timedelta(days=1), time(), LEGAL_ZONE)


def refusal(facts: ReturnFacts) -> str | None:
    """Why the case must be rejected, in words, or None when it may go on."""
    if not facts.asked:
        return "no line was named"
    if facts.order_undone:
        return "the order was not carried out, so there is nothing to return"
    if not facts.paid:
        return "nothing was paid for this order"
    for line_no, units in facts.asked.items():
        left = facts.ordered.get(line_no, 0) - facts.in_other_cases.get(line_no, 0)
        if line_no not in facts.ordered:
            return f"the order has no line {line_no}"
        if units > left:
            return f"line {line_no} has {left} units left to return, {units} were asked"
    if facts.delivered_at and facts.requested_at >= window_ends(facts.delivered_at, facts.window):
        return f"the window of {facts.window.days} days after the day of signing is over"
    return None


def paid_for(order: Order) -> dict[int, list[Money]]:
    """What was paid for each unit of each line: its price less its share of discounts, plus its share of tax.

    Shipping is not a unit's: it goes back only with the whole order (see `refund_due`). The shares of all units add
    up to grand total − shipping, so returning everything in any number of pieces gives back exactly what was paid.
    """
    goods = order.grand_total - order.shipping
    shares = goods.split([max(0, line.total.minor_units) for line in order.lines])
    return {line.line_no: share.split([1] * line.quantity) for line, share in zip(order.lines, shares, strict=True)}


def refund_due(order: Order, asked: Mapping[int, int], returned_before: Mapping[int, int]) -> Money:
    """The refund for `asked` units a line when `returned_before` already went back; shipping with the last unit."""
    units = paid_for(order)
    due = Money(0, order.currency)
    for line_no, quantity in asked.items():
        first = returned_before.get(line_no, 0)
        # A gift that Baton added is no line of the channel's order, and nothing was paid for it.
        due += sum(units.get(line_no, [])[first : first + quantity], Money(0, order.currency))
    everything = all(
        returned_before.get(line.line_no, 0) + asked.get(line.line_no, 0) >= line.quantity for line in order.lines
    )
    return due + order.shipping if everything else due
