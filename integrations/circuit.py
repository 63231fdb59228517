"""How much of a worker one partner may take: a few calls at a time, and none while it only fails."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from domain.errors import CallLimited, PartnerTrouble

PLACES = 4
FAILURES = 3
"""After so many failures in a row it is left alone; then one call at a time asks whether it is back."""
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 5.0, 60.0
PATIENCE_SECONDS, SLOW_SECONDS = 0.25, 1.0
"""A caller waits this long for a place, and not at all while a call takes longer than the other: it comes again."""


class Circuit:
    """Of one partner in one process. No more threads call it than there are places, however slow it is; and none while
    it has asked for a pause."""

    def __init__(self, name: str, places: int = PLACES, clock: Callable[[], float] = time.monotonic) -> None:
        self._name = name
        self._clock = clock
        self._places = threading.BoundedSemaphore(places)
        self._lock = threading.Lock()
        self._failures = 0
        self._closed_until = 0.0
        self._asking = False
        self._last_took = 0.0

    @contextmanager
    def call(self) -> Iterator[None]:
        """Around one call. Raises PartnerTrouble at once when the partner is not to be called now; a refusal is an
        answer and no failure."""
        asks = self._enter()
        try:
            if not self._places.acquire(timeout=PATIENCE_SECONDS if self._last_took < SLOW_SECONDS else 0):
                raise PartnerTrouble(f"{self._name} has enough to do: its answers are waited for")
            began = self._clock()
            trouble: PartnerTrouble | None = None
            try:
                yield
            except PartnerTrouble as problem:
                trouble = problem
                raise
            finally:
                self._places.release()
                self._ended(self._clock() - began, trouble)
        finally:
            if asks:
                self._asking = False

    def _enter(self) -> bool:
        """Whether this call is the one that asks whether the partner is back."""
        with self._lock:
            if self._failures < FAILURES:
                return False
            if self._asking or self._clock() < self._closed_until:
                raise PartnerTrouble(f"{self._name} failed {self._failures} times in a row and is left alone")
            self._asking = True
            return True

    def _ended(self, took: float, trouble: PartnerTrouble | None) -> None:
        with self._lock:
            self._last_took = took
            self._failures = self._failures + 1 if trouble else 0
            if isinstance(trouble, CallLimited):
                self._failures = max(self._failures, FAILURES)
                self._closed_until = self._clock() + trouble.retry_after
            elif self._failures >= FAILURES:
                pause = FIRST_PAUSE_SECONDS * (1 << min(self._failures - FAILURES, 10))
                self._closed_until = self._clock() + min(pause, LONGEST_PAUSE_SECONDS)
