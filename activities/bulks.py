"""Carry out bulks: batch after batch, at a limited rate, each item once.

The acts go through the API's own routes (api/inside.py), in the name of the key that asked, with an idempotency key of
the item: what a crash interrupts is asked again and answered as it was. What became of an item is written at once.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from temporalio import activity

from domain.bulk import Answered, Outcome, outcome_of
from domain.errors import PartnerTrouble
from models.bulk import BulkRow
from models.database import Sessions
from record import bulks
from record.bulks import Item, Work

AT_ONCE, ITEMS = 8, 100
"""Acts of a batch that wait for their answers together, and items that are read at a time."""
BATCH_SECONDS = 30.0
PAUSE_SECONDS = 2.0
"""Before items are asked again of which none was settled."""


class Acts(Protocol):
    async def act(
        self, key_id: str, command: str, subject_id: str, given: Mapping[str, Any], once: str
    ) -> Answered: ...

    async def all_is_up(self) -> bool: ...


@dataclass(frozen=True)
class BulkRequest:
    bulk_id: str


@dataclass(frozen=True)
class BulkProgress:
    """How many items are settled; `more` if others wait."""

    settled: int = 0
    more: bool = False


class Bulks:
    def __init__(self, sessions: Sessions, acts: Acts, rate: float, seconds: float = BATCH_SECONDS) -> None:
        self._sessions = sessions
        self._acts = acts
        self._rate = rate
        self._seconds = seconds

    @activity.defn
    async def act_on_batch(self, request: BulkRequest) -> BulkProgress:
        """Act on items until the time of a batch is over, the worker ends, or nothing waits.

        Raises PartnerTrouble if the database or Temporal is down: no item is to blame, and all are tried again.
        """
        end, pace, settled = time.monotonic() + self._seconds, _Pace(self._rate), 0
        while (work := await asyncio.to_thread(self._next, request.bulk_id)) is not None:
            if time.monotonic() >= end or activity.is_worker_shutdown():
                return BulkProgress(settled, more=True)
            done = await self._round(work, pace, end)
            settled += done
            if not done:
                await asyncio.sleep(PAUSE_SECONDS)
        return BulkProgress(settled)

    async def _round(self, work: Work, pace: "_Pace", end: float) -> int:
        """Act on the items, a few at once, and return how many were settled."""
        items = iter(work.items)

        async def act_on_some() -> int:
            done = 0
            for item in items:
                await pace.turn()
                if time.monotonic() >= end or activity.is_worker_shutdown():
                    break
                done += await self._act(work.bulk, item)
            return done

        # All of them end before a trouble of one is raised: none goes on beside the next try of this step.
        counts = await asyncio.gather(*(act_on_some() for _ in range(AT_ONCE)), return_exceptions=True)
        if troubles := [count for count in counts if isinstance(count, BaseException)]:
            raise troubles[0]
        return sum(count for count in counts if isinstance(count, int))

    async def _act(self, bulk: BulkRow, item: Item) -> bool:
        """Return True if the item is settled."""
        once = f"{bulk.bulk_id}/{item.item_no}/{item.tries}"
        answer = await self._acts.act(bulk.key_id, bulk.command, item.subject_id, bulk.parameters, once)
        if answer.status >= 500 and not await self._acts.all_is_up():
            raise PartnerTrouble("the database or Temporal does not answer")
        outcome = outcome_of(answer, item.tries)
        if outcome.state != "waiting":
            await asyncio.to_thread(self._settle, bulk.bulk_id, item, outcome)
        elif outcome.counts:
            await asyncio.to_thread(self._put_off, bulk.bulk_id, item)
        return outcome.state != "waiting"

    def _next(self, bulk_id: str) -> Work | None:
        with self._sessions.begin() as session:
            return bulks.next_work(session, bulk_id, ITEMS)

    def _settle(self, bulk_id: str, item: Item, outcome: Outcome) -> None:
        with self._sessions.begin() as session:
            bulks.settle_item(session, bulk_id, item.item_no, outcome)

    def _put_off(self, bulk_id: str, item: Item) -> None:
        with self._sessions.begin() as session:
            bulks.put_off(session, bulk_id, item.item_no)


class _Pace:
    """Gives turns, at most `rate` a second."""

    def __init__(self, rate: float) -> None:
        self._pause = 1 / rate
        self._next = time.monotonic()

    async def turn(self) -> None:
        self._next = max(self._next + self._pause, time.monotonic())
        await asyncio.sleep(self._next - time.monotonic())
