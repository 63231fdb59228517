"""Goods in transit: what is still to come of a purchase, when waiting orders get theirs, and what a count means."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

Due = tuple[str, date]
"""A line of a purchase order: (sku, due date)."""


@dataclass(frozen=True, slots=True)
class Waiter:
    """An order that waits for `wanted` units of a SKU."""

    order_id: str
    wanted: int


@dataclass(frozen=True, slots=True)
class MovedSinceCount:
    """Units of a SKU at a location that the ledger booked after a count was taken.

    `came` and `left` are movements into and out of `on_hand` since then, both at least 0. `leaving` units are packed
    and may have left already, before the carrier reported it.
    """

    came: int
    left: int
    leaving: int


def received_by_line(ordered: Mapping[Due, int], came: Mapping[str, int]) -> dict[Due, int]:
    """Units received of each line. The earliest due date is filled first; units beyond the order are on no line."""
    unassigned, received = Counter(came), {}
    for line in sorted(ordered):
        received[line] = min(ordered[line], unassigned[line[0]])
        unassigned[line[0]] -= received[line]
    return received


def promised_days(available: int, expected: Sequence[tuple[date, int]], queue: Iterable[Waiter]) -> dict[str, date]:
    """By order id the earliest day on which the goods cover that order and all orders before it in the queue.

    `expected` are (due date, units), the earliest first. Orders that `available` covers today, and orders that no
    arrival covers, are not in the answer. The queue is read only as far as the goods last.
    """
    supply, arrivals, promised = available, iter(expected), dict[str, date]()
    day: date | None = None
    for waiter in queue:
        available -= waiter.wanted
        supply -= waiter.wanted
        while supply < 0:
            following = next(arrivals, None)
            if following is None:
                return promised
            day = following[0]
            supply += following[1]
        if day is not None and available < 0:
            promised[waiter.order_id] = day
    return promised


def explainable(on_hand: int, since: MovedSinceCount) -> tuple[int, int]:
    """The fewest and the most units that may have been at the location when a count was taken.

    A movement that was booked after the count may have happened before it.
    """
    then = on_hand - since.came + since.left
    return then - since.left - since.leaving, then + since.came


def difference(counted: int, on_hand: int, since: MovedSinceCount) -> int:
    """Units that the warehouse counted beyond what the ledger can explain; below zero: fewer than that."""
    least, most = explainable(on_hand, since)
    return min(0, counted - least) or max(0, counted - most)
