"""Lanes: work done for several owners at once, so that a slow one does not keep the others waiting."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

OF_AN_OWNER, LANES = 2, 8
"""Lanes of one owner, and threads for all."""
SECONDS = 5.0
"""After this time nothing more is begun."""


def work_in_lanes(
    owners: Mapping[str, Sequence[Item]], work: Callable[[Item], Result], seconds: float = SECONDS
) -> list[tuple[Item, Result]]:
    """Work the items, by their owner, and return those that were begun in time with their results."""
    until = time.monotonic() + seconds

    def work_lane(lane: Sequence[Item]) -> list[tuple[Item, Result]]:
        return [(item, work(item)) for item in lane if time.monotonic() < until]

    lanes = [lane for items in owners.values() for start in range(OF_AN_OWNER) if (lane := items[start::OF_AN_OWNER])]
    if len(lanes) <= 1:
        return [done for lane in lanes for done in work_lane(lane)]
    with ThreadPoolExecutor(min(len(lanes), LANES), thread_name_prefix="lane") as threads:
        return [done for lane in threads.map(work_lane, lanes) for done in lane]
