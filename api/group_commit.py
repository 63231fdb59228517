"""Group commit: requests that arrive together share one transaction, and each gets its own answer."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog

Item = TypeVar("Item")
Answer = TypeVar("Answer")


log = structlog.get_logger()

PATIENCE_SECONDS = 30.0
"""Seconds that an item waits for its answer: callers must not hang while the database does."""


class QueueFull(Exception):
    """The queue has no room for this item: send it again later."""


class NotInTime(Exception):
    """No answer in time. The item may or may not be committed: send it again later."""


class TooManyFail(Exception):
    """Too many items of the same source fail, so this one was not tried by itself: send it again alone."""


@dataclass(frozen=True, slots=True)
class _Waiting(Generic[Item, Answer]):
    item: Item
    weight: int
    outcome: asyncio.Future[Answer | Exception]


class GroupCommit(Generic[Item, Answer]):
    """Passes all waiting items to `commit` as one group, and the next group as soon as that one is committed.

    There is no delay: a lone item is a group of one, and groups grow by themselves with the load. `commit` runs in a
    thread of its own and returns answers in the order of the items. When it fails, the items are committed again by
    source, halving them until the item at fault is alone, so that no item fails because of another. After `tries`
    commits of one source its other items fail with TooManyFail, so that a source of nothing but bad items delays
    nobody else for long. A `hopeless` exception fails the whole group at once, since each half would fail likewise.
    Weights are rows: they bound the size of a transaction and of the queue. No item waits longer than `patience`
    seconds, and whatever goes wrong with a group, the next one is committed.
    """

    def __init__(
        self,
        name: str,
        commit: Callable[[Sequence[Item]], Sequence[Answer]],
        hopeless: tuple[type[Exception], ...] = (),
        largest_group: int = 4_000,
        longest_queue: int = 60_000,
        observe: Callable[[int], object] = lambda size: None,
        patience: float = PATIENCE_SECONDS,
        source: Callable[[Item], str] = lambda item: "",
        tries: int = 40,
    ) -> None:
        self._commit = commit
        self._hopeless = hopeless
        self._largest_group = largest_group
        self._longest_queue = longest_queue
        self._observe = observe
        self._patience = patience
        self._source = source
        self._tries = tries
        self._queue: deque[_Waiting[Item, Answer]] = deque()
        self._queued_weight = 0
        self._arrived = asyncio.Event()
        self._closing = False
        self._committing = False
        self._moves = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._loop = asyncio.create_task(self._run(), name=name)

    async def submit(self, item: Item, weight: int = 1) -> Answer:
        """Return the item's answer once it is committed. Raises what its commit raised, QueueFull or NotInTime."""
        if self._closing or self._queued_weight + weight > self._longest_queue:
            raise QueueFull
        waiting: _Waiting[Item, Answer] = _Waiting(item, weight, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        self._queued_weight += weight
        self._arrived.set()
        try:
            async with asyncio.timeout(self._patience):
                outcome = await waiting.outcome
        except TimeoutError:
            raise NotInTime from None
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def is_committing(self) -> bool:
        return self._committing

    def count_moves(self) -> int:
        """Count the starts and ends of groups so far: it stands still when the group commit hangs."""
        return self._moves

    async def close(self) -> None:
        """Refuse new items, commit what is waiting, and end the thread."""
        self._closing = True
        self._arrived.set()
        await self._loop
        self._thread.shutdown()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while self._queue or not self._closing:
            if not self._queue:
                self._arrived.clear()
                await self._arrived.wait()
                continue
            group = self._next_group()
            if not group:
                continue
            self._committing, self._moves = True, self._moves + 1
            try:
                self._observe(len(group))
                items = [waiting.item for waiting in group]
                outcomes = await loop.run_in_executor(self._thread, self._outcomes, items)
            except Exception as error:
                # This task must go on, since no other commits the next group.
                log.error("group_not_committed", error=type(error).__name__)
                outcomes = [error] * len(group)
            self._committing, self._moves = False, self._moves + 1
            for waiting, outcome in zip(group, outcomes, strict=True):
                if not waiting.outcome.done():
                    waiting.outcome.set_result(outcome)

    def _next_group(self) -> list[_Waiting[Item, Answer]]:
        """Take the next group off the queue, without items whose caller has gone or given up (their future is done)."""
        group: list[_Waiting[Item, Answer]] = []
        weight = 0
        while self._queue and (not group or weight + self._queue[0].weight <= self._largest_group):
            waiting = self._queue.popleft()
            self._queued_weight -= waiting.weight
            if not waiting.outcome.done():
                group.append(waiting)
                weight += waiting.weight
        return group

    def _outcomes(self, items: Sequence[Item]) -> list[Answer | Exception]:
        answers = self._try(items)
        if answers is not None:
            return answers
        places: dict[str, list[int]] = {}
        for place, item in enumerate(items):
            places.setdefault(self._source(item), []).append(place)
        outcomes: dict[int, Answer | Exception] = {}
        for mine in places.values():
            found = self._halved([items[place] for place in mine], iter(range(self._tries)))
            outcomes |= zip(mine, found, strict=True)
        return [outcomes[place] for place in range(len(items))]

    def _halved(self, items: Sequence[Item], tries: Iterator[int]) -> list[Answer | Exception]:
        if next(tries, None) is None:
            return [TooManyFail()] * len(items)
        answers = self._try(items)
        if answers is not None:
            return answers
        middle = len(items) // 2
        return self._halved(items[:middle], tries) + self._halved(items[middle:], tries)

    def _try(self, items: Sequence[Item]) -> list[Answer | Exception] | None:
        """Return the answers, or None when one of several items is at fault."""
        try:
            answers: list[Answer | Exception] = list(self._commit(items))
            if len(answers) != len(items):
                raise RuntimeError(f"{len(items)} items got {len(answers)} answers")
            return answers
        except self._hopeless as error:
            return [error] * len(items)
        except Exception as error:
            return [error] if len(items) == 1 else None
