"""Goods under way: what of a purchase is still to come, when those who wait get theirs, and what a count says."""

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
    """What the books say happened to a SKU at a location after a count was taken, in units.

    `came` and `left` are movements of `on_hand` since then, both at least 0; `leaving` is packed and may have left
    without the carrier having told.
    """

    came: int
    left: int
    leaving: int


def received_by_line(ordered: Mapping[Due, int], came: Mapping[str, int]) -> dict[Due, int]:
    """Units received of each line: what came fills the earliest due date first. What came beyond is on no line."""
    left, received = Counter(came), {}
    for line in sorted(ordered):
        received[line] = min(ordered[line], left[line[0]])
        left[line[0]] -= received[line]
    return received


def promised_days(available: int, expected: Sequence[tuple[date, int]], queue: Iterable[Waiter]) -> dict[str, date]:
    """By order the earliest day on which the goods cover it and everybody before it in the queue.

    `expected` are (due date, units), the earliest first. Whom no arrival covers, and whom `available` does, is left
    out. The queue is read no further than the goods go.
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
    """The least and the most units that may have been in the house when a count was taken.

    Whatever the books say happened after the count may or may not have been done by then.
    """
    then = on_hand - since.came + since.left
    return then - since.left - since.leaving, then + since.came


def difference(counted: int, on_hand: int, since: MovedSinceCount) -> int:
    """Units that the warehouse has more (or, below zero, less) than the books can explain."""
    least, most = explainable(on_hand, since)
    return min(0, counted - least) or max(0, counted - most)
