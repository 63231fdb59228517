"""The desk where claims queue: those that wait together share one transaction, and each gets its own answer."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Condition
from time import monotonic
from typing import Generic, TypeVar

from sqlalchemy.exc import OperationalError

from activities.interruption import uninterrupted

Claim = TypeVar("Claim")
Answer = TypeVar("Answer")

LARGEST_GROUP = 64
GATHER_SECONDS = 0.002
"""How long a group waits at most for those who have just been answered: most come back, and a group costs little more
than one claim. A claim that was alone before waits for nobody.
"""
PATIENCE_SECONDS = 25.0
"""How long a claim waits for its answer: a little less than its step may take, which then gives its thread back."""
TURN_SECONDS = 90.0
"""How long one thread may have the turn, longer than any statement may take; after that the next claim takes it."""


class DeskBusy(TimeoutError):
    """The claim was not answered in time, and may have been committed all the same. It may be submitted again."""


@dataclass(frozen=True, slots=True)
class _YourTurn:
    """Told to a claim that waits: it is the first in the queue and takes the next group along."""

    number: int


@dataclass(frozen=True, slots=True)
class _Alone:
    """Told to a claim whose group met trouble: it is tried by itself, in its own thread."""


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting(Generic[Claim, Answer]):
    claim: Claim
    told: SimpleQueue[Answer | Exception | _YourTurn | _Alone] = field(default_factory=SimpleQueue)


class ClaimDesk(Generic[Claim, Answer]):
    """Commits claims of many threads in groups, in the order of their arrival.

    There is no thread of its own: the first thread commits its claim at once, those that arrive meanwhile are the next
    group, and the first of them commits it, once all whom it knows of are there or `GATHER_SECONDS` are over. `commit`
    is one transaction and answers in the order of the claims. When it fails, the group is halved until the claim at
    fault stands alone, so that no claim fails for its neighbor. Where the database itself is in trouble (a connection
    that was cut, a lock that does not come) every half would meet the same, so each claim is handed to `alone` in its
    own thread, and what stays in trouble holds up nobody else. `commit` should therefore give up early, where `alone`
    may wait.

    Nobody waits for good: a claim gives up after `patience` seconds, and a turn that somebody does not give back is
    over after `turn` seconds.
    """

    def __init__(
        self,
        commit: Callable[[Sequence[Claim]], Sequence[Answer]],
        alone: Callable[[Claim], Answer],
        patience: float = PATIENCE_SECONDS,
        turn: float = TURN_SECONDS,
    ) -> None:
        self._commit = commit
        self._alone = alone
        self._patience = patience
        self._longest_turn = turn
        self._guard = Condition()
        self._queue: deque[_Waiting[Claim, Answer]] = deque()
        self._busy = False
        self._turn, self._turn_began = 0, 0.0
        """The number of the turn that counts: whoever has an older one passes nothing on."""
        self._expected = 1
        """How many there are, as far as is known: those who were answered last, and those who waited then."""

    def submit(self, claim: Claim) -> Answer:
        """The claim's answer once it is committed. Raises what its own commit raised, or DeskBusy."""
        # Others count on what this thread does for them.
        with uninterrupted():
            mine: _Waiting[Claim, Answer] = _Waiting(claim)
            until = monotonic() + self._patience
            told = self._arrive(mine) or self._wait(mine, until)
            while isinstance(told, _YourTurn):
                self._serve(told.number)
                told = self._wait(mine, until)
            if isinstance(told, _Alone):
                return self._alone(claim)
            if isinstance(told, Exception):
                raise told
            return told

    def _arrive(self, mine: _Waiting[Claim, Answer]) -> _YourTurn | None:
        with self._guard:
            self._queue.append(mine)
            if len(self._queue) == self._expected:
                self._guard.notify()
            if self._busy and monotonic() - self._turn_began < self._longest_turn:
                return None
            return self._next_turn()

    def _next_turn(self) -> _YourTurn:
        """Call it with the guard."""
        self._busy = True
        self._turn, self._turn_began = self._turn + 1, monotonic()
        return _YourTurn(self._turn)

    def _wait(self, mine: _Waiting[Claim, Answer], until: float) -> Answer | Exception | _YourTurn | _Alone:
        try:
            return mine.told.get(timeout=max(0.0, until - monotonic()))
        except Empty:
            pass
        with self._guard:
            # A turn that came just now must be taken, so who leaves does so where turns are given.
            if mine in self._queue and mine.told.empty():
                self._queue.remove(mine)
        try:
            return mine.told.get_nowait()
        except Empty:
            raise DeskBusy("the claim was not answered in time") from None

    def _serve(self, turn: int) -> None:
        """Commit what waits, first come first, and call up the next group."""
        group: list[_Waiting[Claim, Answer]] = []
        try:
            with self._guard:
                self._guard.wait_for(lambda: len(self._queue) >= self._expected, GATHER_SECONDS)
                while self._queue and len(group) < LARGEST_GROUP:
                    group.append(self._queue.popleft())
            outcomes = self._outcomes([waiting.claim for waiting in group])
            for waiting, outcome in zip(group, outcomes, strict=True):
                waiting.told.put(outcome)
        finally:
            self._call_next(turn, len(group))

    def _call_next(self, turn: int, answered: int) -> None:
        with self._guard:
            if turn != self._turn:
                return
            self._expected = min(LARGEST_GROUP, len(self._queue) + answered)
            self._busy = bool(self._queue)
            if self._queue:
                self._queue[0].told.put(self._next_turn())

    def _outcomes(self, claims: Sequence[Claim]) -> list[Answer | Exception | _Alone]:
        try:
            return list(self._commit(claims))
        except OperationalError:
            return [_Alone()] * len(claims)
        except Exception as error:
            if len(claims) == 1:
                return [error]
            middle = len(claims) // 2
            return self._outcomes(claims[:middle]) + self._outcomes(claims[middle:])
