"""Restarts each part that died or is stuck, for as long as its data can be read."""

import threading
import time
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from types import TracebackType
from typing import Protocol, Self

POLL_EVERY_SECONDS = 0.5
CHECK_EVERY_SECONDS = 5.0
STUCK_AFTER_CHECKS = 6
"""Health checks in a row without an answer, each up to ten seconds, after which a running part counts as stuck."""
READY_TIMEOUT_SECONDS = 120.0
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 16.0
STABLE_AFTER_SECONDS = 60.0
"""A part that ran this long starts again with the shortest pause."""

Tell = Callable[[str], None]
"""Called with a line for the operator."""


class DataUnreadable(RuntimeError):
    """A part cannot come back: its data is gone or broken. The message says which part, and why."""


class Part(Protocol):
    """A process that is kept running. `start` may take long; `is_ready` and `is_alive` up to ten seconds."""

    name: str

    @property
    def running(self) -> bool: ...

    @property
    def ending(self) -> str:
        """How it ended, to be written after its name."""

    def start(self) -> None: ...

    def is_ready(self) -> bool: ...

    def is_alive(self) -> bool: ...

    def kill(self) -> None: ...

    def data_problem(self) -> str | None:
        """Return why its data cannot be read, so that no start can help, or None."""


class Supervisor:
    """Keeps every part running inside the block, each by a thread of its own.

    `wait` ends only by an exception: DataUnreadable, or that of a signal. The threads never end, since the kernel ends
    a child with the thread that started it (embedded/processes.py) and the caller takes the parts down in order.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        tell: Tell,
        *,
        first_pause: float = FIRST_PAUSE_SECONDS,
        check_every: float = CHECK_EVERY_SECONDS,
        poll_every: float = POLL_EVERY_SECONDS,
    ) -> None:
        self._keepers = [_Keeper(part, tell, first_pause, check_every, poll_every) for part in parts]

    def __enter__(self) -> Self:
        self._given_up: SimpleQueue[DataUnreadable] = SimpleQueue()
        for keeper in self._keepers:
            threading.Thread(target=keeper.run, args=[self._given_up], name=keeper.part.name, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for keeper in self._keepers:
            keeper.ending.set()
        give_up = time.monotonic() + 20
        for keeper in self._keepers:
            # The caller must not take a part down while it is being started.
            if keeper.starting.acquire(timeout=max(0.0, give_up - time.monotonic())):
                keeper.starting.release()

    def wait(self) -> None:
        raise self._given_up.get()


class _Keeper:
    def __init__(self, part: Part, tell: Tell, first_pause: float, check_every: float, poll_every: float) -> None:
        self.part = part
        self.ending = threading.Event()
        self.starting = threading.Lock()
        self._tell = tell
        self._first_pause = first_pause
        self._check_every = check_every
        self._poll_every = poll_every
        self._failures = 0

    def run(self, given_up: SimpleQueue[DataUnreadable]) -> None:
        try:
            while not self.ending.is_set():
                began = time.monotonic()
                trouble = self._until_down()
                if time.monotonic() - began >= STABLE_AFTER_SECONDS:
                    self._failures = 0
                self._bring_back(trouble)
        except DataUnreadable as problem:
            given_up.put(problem)
        threading.Event().wait()

    def _until_down(self) -> str:
        """Wait until the part has ended or is stuck, and return what is wrong."""
        unanswered, next_check = 0, time.monotonic() + self._check_every
        while not self.ending.wait(self._poll_every):
            if not self.part.running:
                return self.part.ending
            if time.monotonic() < next_check:
                continue
            unanswered = 0 if self.part.is_alive() else unanswered + 1
            if unanswered >= STUCK_AFTER_CHECKS:
                return f"did not answer {unanswered} times in a row"
            next_check = time.monotonic() + self._check_every
        return ""

    def _bring_back(self, trouble: str) -> None:
        while not self.ending.is_set():
            if why := self.part.data_problem():
                raise DataUnreadable(f"{self.part.name} {trouble} and cannot come back: {why}")
            pause = min(self._first_pause * 2 ** min(self._failures, 10), LONGEST_PAUSE_SECONDS)
            self._tell(f"{self.part.name} {trouble}; it starts again in {pause:g} s")
            self._failures += 1
            if self.ending.wait(pause):
                return
            trouble = self._start()
            if not trouble:
                self._tell(f"{self.part.name} is back")
                return

    def _start(self) -> str:
        """Start the part and wait until it is ready; return what went wrong, or an empty text."""
        with self.starting:
            if self.ending.is_set():
                return "is not needed any more"
            try:
                # End what remains of it, such as a stuck process.
                self.part.kill()
                self.part.start()
            except Exception as problem:
                return f"did not start: {problem}"
        give_up = time.monotonic() + READY_TIMEOUT_SECONDS
        while not self.part.is_ready():
            if not self.part.running:
                return self.part.ending
            if time.monotonic() > give_up:
                return f"is not ready after {READY_TIMEOUT_SECONDS:g} s"
            if self.ending.wait(self._poll_every):
                return "is not needed any more"
        return ""
