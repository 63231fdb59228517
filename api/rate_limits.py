"""Limits by caller and channel: what goes beyond is refused with the time to come back."""

import time
from collections.abc import Callable
from math import ceil

from anyio import to_thread
from sqlalchemy import func, select

from api.errors import TOO_MANY, Problem
from models.database import Sessions
from models.order import OrderRow


class RateLimit:
    """A token bucket for each caller: `rate` tokens a second flow in, and up to `burst` may be saved.

    Each process has its own buckets. Only callers with a known key have one, so there are no more buckets than keys.
    """

    def __init__(self, rate: float, burst: float, now: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._burst = burst
        self._now = now
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, caller: str, tokens: float = 1) -> None:
        """Take tokens out of the caller's bucket. A 429 says when to come back if there are not enough.

        A request for more than half of the bucket needs only that half; the next request waits for the debt.
        """
        if wait := self.try_take(caller, tokens):
            raise too_many("this key asks too often", wait)

    def try_take(self, caller: str, tokens: float = 1) -> float:
        """Take tokens and return 0, or return in how many seconds there will be enough."""
        now = self._now()
        remaining, seen = self._buckets.get(caller, (self._burst, now))
        remaining = min(self._burst, remaining + (now - seen) * self._rate)
        wanted = min(tokens, self._burst / 2)
        if remaining < wanted:
            self._buckets[caller] = (remaining, now)
            return (wanted - remaining) / self._rate
        self._buckets[caller] = (remaining - tokens, now)
        return 0.0

    def remaining(self, caller: str) -> tuple[float, float]:
        """Return the tokens in the caller's bucket, and in how many seconds it is full."""
        remaining, seen = self._buckets.get(caller, (self._burst, 0.0))
        remaining = min(self._burst, remaining + (self._now() - seen) * self._rate)
        return remaining, (self._burst - remaining) / self._rate

    def give_back(self, caller: str, tokens: float = 1) -> None:
        """Return tokens that turned out not to count."""
        remaining, seen = self._buckets[caller]
        self._buckets[caller] = (remaining + tokens, seen)


class BacklogLimit:
    """Limits how many orders of one channel may wait for their workflow, so that no channel fills the whole backlog.

    The database is asked at most once a second, and for at most a twentieth of the time. In between, the orders that
    this process accepted are added, so that several processes together exceed the limit by about a second's orders.
    """

    def __init__(self, sessions: Sessions, limit: int, now: Callable[[], float] = time.monotonic) -> None:
        self._sessions = sessions
        self._limit = limit
        self._now = now
        self._waiting: dict[str, int] = {}
        self._next_look = 0.0
        self._looking = False

    async def check(self, channel: str, orders: int = 1) -> None:
        """Count these orders as waiting. A 429 when the channel has too many waiting already."""
        if self._now() >= self._next_look and not self._looking:
            await self._look()
        waiting = self._waiting.get(channel, 0)
        if waiting + orders > self._limit:
            raise too_many(f"{waiting} orders of the channel {channel} are waiting to be worked on", 5)
        self._waiting[channel] = waiting + orders

    async def _look(self) -> None:
        # One request pays for the query; those that come in the meantime go by the last result.
        self._looking, began = True, self._now()
        try:
            self._waiting = await to_thread.run_sync(self._read)
        finally:
            took = self._now() - began
            self._looking, self._next_look = False, began + max(1.0, 20 * took)

    def _read(self) -> dict[str, int]:
        not_started = OrderRow.workflow_started_at.is_(None), func.isfinite(OrderRow.relay_after)
        waiting = select(OrderRow.channel, func.count()).where(*not_started)
        with self._sessions() as session:
            return {row[0]: row[1] for row in session.execute(waiting.group_by(OrderRow.channel))}


def too_many(detail: str, seconds: float) -> Problem:
    """Return a 429 with `seconds` in its Retry-After."""
    return Problem(TOO_MANY, detail, headers={"Retry-After": str(max(1, ceil(seconds)))})
