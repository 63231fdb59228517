"""Group commit of claims: those that wait together share one transaction, and each gets its own answer."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Condition, get_ident
from time import monotonic
from typing import Generic, TypeVar

from sqlalchemy.exc import OperationalError

from activities.interruption import uninterrupted

Claim = TypeVar("Claim")
Answer = TypeVar("Answer")

LARGEST_GROUP = 64
GATHER_SECONDS = 0.002
"""How long a group waits at most for the threads that were just answered: most come back, and a group costs little more
than one claim.
"""
COMPANY_SECONDS = 0.03
"""Claims of several threads that follow each other this closely share a transaction: the group waits so long for the
next one, and at most three times as long in all. A claim that nobody came shortly before waits for nobody.
"""
PATIENCE_SECONDS = 25.0
"""How long a claim waits for its answer; a little less than its step may take, so that the thread is freed."""
TURN_SECONDS = 90.0
"""How long one thread may have the turn: longer than any statement may take. Then the next claim takes it."""


class DeskBusy(TimeoutError):
    """The claim was not answered in time, but may have been committed. It is safe to submit again."""


@dataclass(frozen=True, slots=True)
class _YourTurn:
    """Answer to a waiting claim: it is first in the queue and commits the next group."""

    number: int


@dataclass(frozen=True, slots=True)
class _Alone:
    """Answer to a claim whose group failed: its thread tries it by itself."""


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting(Generic[Claim, Answer]):
    claim: Claim
    answer: SimpleQueue[Answer | Exception | _YourTurn | _Alone] = field(default_factory=SimpleQueue)


class ClaimDesk(Generic[Claim, Answer]):
    """Commits claims of many threads in groups, in the order of their arrival.

    It has no thread of its own. The first thread commits its claim at once; those that arrive meanwhile are the next
    group, and the first of them commits it, once all expected threads are there or nobody comes any more. `commit`
    is one transaction and answers in the order of the claims. When it fails, the group is halved until the claim at
    fault stands alone, so that no claim fails because of its neighbor. When the database itself is in trouble (a cut
    connection, a lock that does not come) every half would fail too, so each thread runs `alone` for its own claim and
    holds up nobody else. `commit` should therefore give up early; `alone` may wait.

    Nobody waits forever: a claim gives up after `patience` seconds, and a turn ends after `turn` seconds.
    """

    def __init__(
        self,
        commit: Callable[[Sequence[Claim]], Sequence[Answer]],
        alone: Callable[[Claim], Answer],
        patience: float = PATIENCE_SECONDS,
        turn: float = TURN_SECONDS,
        company: float = COMPANY_SECONDS,
        largest: int = LARGEST_GROUP,
    ) -> None:
        self._commit = commit
        self._alone = alone
        self._patience = patience
        self._longest_turn = turn
        self._company = company
        self._largest = largest
        self._guard = Condition()
        self._queue: deque[_Waiting[Claim, Answer]] = deque()
        self._busy = False
        self._turn, self._turn_began = 0, 0.0
        """The number of the current turn: a thread with an older one does not call the next group."""
        self._came, self._last_thread, self._in_company = 0.0, 0, False
        self._expected = 1
        """How many threads to expect: those answered last, and those that waited then."""

    def submit(self, claim: Claim) -> Answer:
        """Return the claim's answer once it is committed. Raises what its own commit raised, or DeskBusy."""
        # Other threads depend on this one committing for them.
        with uninterrupted():
            mine: _Waiting[Claim, Answer] = _Waiting(claim)
            until = monotonic() + self._patience
            answer = self._arrive(mine) or self._wait(mine, until)
            while isinstance(answer, _YourTurn):
                self._serve(answer.number)
                answer = self._wait(mine, until)
            if isinstance(answer, _Alone):
                return self._alone(claim)
            if isinstance(answer, Exception):
                raise answer
            return answer

    def _arrive(self, mine: _Waiting[Claim, Answer]) -> _YourTurn | None:
        with self._guard:
            self._queue.append(mine)
            now, thread = monotonic(), get_ident()
            self._in_company = now - self._came < self._company and thread != self._last_thread
            self._came, self._last_thread = now, thread
            if len(self._queue) in (self._expected, self._largest):
                self._guard.notify()
            if self._busy and monotonic() - self._turn_began < self._longest_turn:
                return None
            return self._next_turn()

    def _next_turn(self) -> _YourTurn:
        """Begin a turn; the caller holds the guard."""
        self._busy = True
        self._turn, self._turn_began = self._turn + 1, monotonic()
        return _YourTurn(self._turn)

    def _wait(self, mine: _Waiting[Claim, Answer], until: float) -> Answer | Exception | _YourTurn | _Alone:
        try:
            return mine.answer.get(timeout=max(0.0, until - monotonic()))
        except Empty:
            pass
        with self._guard:
            # Leave the queue under the guard, where turns are given: one that was given just now must be taken.
            if mine in self._queue and mine.answer.empty():
                self._queue.remove(mine)
        try:
            return mine.answer.get_nowait()
        except Empty:
            raise DeskBusy("the claim was not answered in time") from None

    def _serve(self, turn: int) -> None:
        """Commit the next group in order of arrival, then call the one after it."""
        group: list[_Waiting[Claim, Answer]] = []
        try:
            with self._guard:
                self._gather()
                while self._queue and len(group) < self._largest:
                    group.append(self._queue.popleft())
            outcomes = self._outcomes([waiting.claim for waiting in group])
            for waiting, outcome in zip(group, outcomes, strict=True):
                waiting.answer.put(outcome)
        finally:
            self._call_next(turn, len(group))

    def _gather(self) -> None:
        """Wait for those who are expected, or else as long as others come; the caller holds the guard."""

        def all_there() -> bool:
            return len(self._queue) >= self._expected

        if self._guard.wait_for(all_there, GATHER_SECONDS) and self._expected > 1:
            return
        until = monotonic() + 3 * self._company
        wanted = self._expected if self._expected > 1 else self._largest
        while self._in_company and len(self._queue) < wanted:
            if (left := min(self._came + self._company, until) - monotonic()) <= 0:
                return
            self._guard.wait(left)

    def _call_next(self, turn: int, answered: int) -> None:
        with self._guard:
            if turn != self._turn:
                return
            self._expected = min(self._largest, len(self._queue) + answered)
            self._busy = bool(self._queue)
            if self._queue:
                self._queue[0].answer.put(self._next_turn())

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
