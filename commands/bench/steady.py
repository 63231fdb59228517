"""A constant rate of orders, whatever becomes of the earlier ones."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from commands.bench.orders import STALLED_AFTER_SECONDS, NotCompleted, OrderLoad
from commands.bench.soak_record import PARTS, now, placed_and_told
from commands.bench.speed import Speed
from models.database import Sessions

MOST_WAITING = 512
"""Orders sent and not answered; more of them mean that the API does not keep up."""
LOOK_EVERY_SECONDS, SPEED_EVERY_SECONDS = 2.0, 60.0

Progress = Callable[[str, int, int], object]
"""Called with `trial`, `placed` or `told`, how many orders are, and how many shall be."""


@dataclass(frozen=True)
class Steady:
    """What was placed between `since` and `until`, and the seconds until all were placed, and until all were told.

    `open_orders` were placed and not yet told at the end of each part of the time.
    """

    orders: int
    since: datetime
    until: datetime
    placed_s: float
    told_s: float
    open_orders: list[int]


class SteadyLoad:
    """Places orders of `load`, and follows them in the record."""

    def __init__(self, load: OrderLoad, record: Sessions, progress: Progress, speed: Speed) -> None:
        self._load = load
        self._record = record
        self._progress = progress
        self._speed = speed

    async def run(self, rate: float, seconds: float) -> Steady:
        """Place `rate` orders a second and return when all are told; NotCompleted if none was for a minute."""
        orders, began, since = max(1, round(rate * seconds)), time.monotonic(), self._now()
        until, open_orders = await asyncio.gather(self._place(orders, rate), self._watch(orders, seconds, since))
        placed = (until - since).total_seconds()
        return Steady(orders, since, until, placed, time.monotonic() - began, open_orders)

    async def _place(self, orders: int, rate: float) -> datetime:
        began, waiting = time.monotonic(), set[asyncio.Task[str]]()
        async with self._load.client() as client:
            for number in range(orders):
                await asyncio.sleep(began + number / rate - time.monotonic())
                waiting.add(asyncio.create_task(self._load.place(client)))
                for answered in [task for task in waiting if task.done()]:
                    waiting.remove(answered)
                    await answered
                if len(waiting) > MOST_WAITING:
                    raise NotCompleted(f"{len(waiting)} orders are not answered: the API does not keep up")
            await asyncio.gather(*waiting)
        await asyncio.sleep(began + orders / rate - time.monotonic())
        return self._now()

    async def _watch(self, orders: int, seconds: float, since: datetime) -> list[int]:
        began = looked = moved = time.monotonic()
        open_orders, last = list[int](), 0
        while last < orders:
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            with self._record() as session:
                placed, told = placed_and_told(session, since)
            self._progress("placed", placed, orders)
            self._progress("told", told, orders)
            at = time.monotonic()
            if len(open_orders) < PARTS and at - began >= seconds * (len(open_orders) + 1) / PARTS:
                open_orders.append(placed - told)
            if told > last:
                last, moved = told, at
            elif at - moved > STALLED_AFTER_SECONDS:
                raise NotCompleted(f"{placed - told} orders are open, and none was told for {STALLED_AFTER_SECONDS} s")
            if at - looked > SPEED_EVERY_SECONDS:
                looked = at
                await asyncio.to_thread(self._speed.look)
        return open_orders

    def _now(self) -> datetime:
        with self._record() as session:
            return now(session)
