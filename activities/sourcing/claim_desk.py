"""The desk where claims queue: those that wait together share one transaction, and each gets its own answer."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from queue import SimpleQueue
from threading import Condition
from typing import Generic, TypeVar

from sqlalchemy.exc import OperationalError

Claim = TypeVar("Claim")
Answer = TypeVar("Answer")

LARGEST_GROUP = 64
GATHER_SECONDS = 0.002
"""How long a group waits at most for those who have just been answered: most come back, and a group costs little more
than one claim. A claim that was alone before waits for nobody.
"""


@dataclass(frozen=True, slots=True)
class _YourTurn:
    """Told to a claim that waits: it is the first in the queue and takes the next group along."""


@dataclass(frozen=True, slots=True)
class _Alone:
    """Told to a claim whose group met trouble: it is tried by itself, in its own thread."""


@dataclass(frozen=True, slots=True)
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
    """

    def __init__(self, commit: Callable[[Sequence[Claim]], Sequence[Answer]], alone: Callable[[Claim], Answer]) -> None:
        self._commit = commit
        self._alone = alone
        self._guard = Condition()
        self._queue: deque[_Waiting[Claim, Answer]] = deque()
        self._busy = False
        self._expected = 1
        """How many there are, as far as is known: those who were answered last, and those who waited then."""

    def submit(self, claim: Claim) -> Answer:
        """The claim's answer once it is committed; raises what its own commit raised."""
        mine: _Waiting[Claim, Answer] = _Waiting(claim)
        with self._guard:
            self._queue.append(mine)
            first, self._busy = not self._busy, True
            if len(self._queue) == self._expected:
                self._guard.notify()
        told = _YourTurn() if first else mine.told.get()
        if isinstance(told, _YourTurn):
            self._serve()
            told = mine.told.get()
        if isinstance(told, _Alone):
            return self._alone(claim)
        if isinstance(told, Exception):
            raise told
        # An answer is never one of the two words above.
        return told  # type: ignore[return-value]

    def _serve(self) -> None:
        """Commit what waits, with the caller's own claim in front, and call up the next group."""
        with self._guard:
            self._guard.wait_for(lambda: len(self._queue) >= self._expected, GATHER_SECONDS)
            group = [self._queue.popleft() for _ in range(min(LARGEST_GROUP, len(self._queue)))]
        try:
            outcomes = self._outcomes([waiting.claim for waiting in group])
            for waiting, outcome in zip(group, outcomes, strict=True):
                waiting.told.put(outcome)
        finally:
            self._call_next(len(group))

    def _call_next(self, answered: int) -> None:
        with self._guard:
            self._expected = min(LARGEST_GROUP, len(self._queue) + answered)
            if self._queue:
                self._queue[0].told.put(_YourTurn())
            else:
                self._busy = False

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
