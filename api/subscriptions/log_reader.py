"""One reader of the log for all streams of a process: it polls twice a second while any stream is open."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Sequence

import structlog
from anyio import CapacityLimiter, to_thread

from models.database import Sessions
from record.horizon import LogHorizon
from record.subscriptions.log import Entry, entries

log = structlog.get_logger()

EVERY_SECONDS = 0.5
PAGE, KEPT = 500, 2_000


class LogReader:
    """Keeps the newest facts in memory; a stream further behind reads the log itself until it has caught up.

    A slow stream delays neither the reader nor other streams: nothing is queued for it.
    """

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        # Streams far behind take turns at one thread of their own, apart from those that read for requests.
        self._behind_limit = CapacityLimiter(1)
        self._horizon = LogHorizon()
        self._newest: deque[Entry] = deque(maxlen=KEPT)
        self._from = self._head = -1
        self._news = asyncio.Event()
        self._watching = 0
        self._reading: asyncio.Task[None] | None = None

    async def follow(self, after: int | None) -> AsyncGenerator[Sequence[Entry]]:
        """Yield the facts after the number `after`, or from now on, in order and without end.

        A poll that finds nothing yields an empty list, so that the caller can decide to end.
        """
        self._watching += 1
        try:
            if self._reading is None:
                self._reading = asyncio.create_task(self._read())
            while self._head < 0:
                await self._news.wait()
            position = self._head if after is None else min(after, self._head)
            while True:
                news = self._news
                if position < self._head:
                    facts, position = await self._behind(position)
                    yield facts
                else:
                    await news.wait()
                    yield []
        finally:
            self._watching -= 1
            if not self._watching:
                self.close()

    def close(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
        self._reading, self._head = None, -1
        self._newest.clear()

    async def _behind(self, position: int) -> tuple[Sequence[Entry], int]:
        head = self._head
        if position >= self._from:
            return [fact for fact in self._newest if fact.event_id > position], head
        facts = await to_thread.run_sync(self._page, position, head, limiter=self._behind_limit)
        return facts, facts[-1].event_id if len(facts) == PAGE else head

    async def _read(self) -> None:
        while True:
            try:
                await self._look()
            except Exception as trouble:
                # This task must go on, since every stream of this process waits for it.
                log.warning("log_not_read", error=type(trouble).__name__)
            await asyncio.sleep(EVERY_SECONDS)

    async def _look(self) -> None:
        horizon = await to_thread.run_sync(self._settled)
        if self._head < 0:
            self._from = self._head = horizon
        more = self._head < horizon
        while more:
            facts = await to_thread.run_sync(self._page, self._head, horizon)
            more = len(facts) == PAGE
            self._keep(facts, facts[-1].event_id if more else horizon)
        self._tell()

    def _keep(self, facts: Sequence[Entry], head: int) -> None:
        for fact in facts:
            if len(self._newest) == KEPT:
                self._from = self._newest[0].event_id
            self._newest.append(fact)
        self._head = head

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    def _settled(self) -> int:
        with self._sessions() as session:
            return self._horizon.look(session)

    def _page(self, after: int, up_to: int) -> list[Entry]:
        with self._sessions() as session:
            return entries(session, after, up_to, PAGE)
