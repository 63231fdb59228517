"""Starts again what died or is stuck, each part by itself, for as long as its data can be read."""

import threading
import time
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from types import TracebackType
from typing import Protocol, Self

LOOK_EVERY_SECONDS = 0.5
ASK_EVERY_SECONDS = 5.0
STUCK_AFTER_ASKS = 6
"""After so many questions in a row without an answer a part that runs is stuck. Each may wait ten seconds."""
READY_TIMEOUT_SECONDS = 120.0
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 16.0
FORGIVEN_AFTER_SECONDS = 60.0
"""A part that was well for so long begins with the shortest pause again."""

Tell = Callable[[str], None]


class DataUnreadable(RuntimeError):
    """A part cannot come back: what it keeps is gone or broken. The message says which part, and why."""


class Part(Protocol):
    """What is kept running. `start` may take long; `is_ready` and `is_alive` may take ten seconds."""

    name: str

    @property
    def running(self) -> bool: ...

    @property
    def ending(self) -> str:
        """How it ended, ready to stand behind its name."""

    def start(self) -> None: ...

    def is_ready(self) -> bool: ...

    def is_alive(self) -> bool: ...

    def kill(self) -> None: ...

    def unreadable(self) -> str | None:
        """Why no start can help, or None."""


class Supervisor:
    """As a context manager: inside the block every part is kept running by a thread of its own.

    `wait` returns only by an exception: DataUnreadable, or that of a signal. The threads never end: the kernel ends
    a child with the thread that started it (embedded/processes.py), and whoever takes the parts down does so in order.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        tell: Tell,
        *,
        first_pause: float = FIRST_PAUSE_SECONDS,
        ask_every: float = ASK_EVERY_SECONDS,
        look_every: float = LOOK_EVERY_SECONDS,
    ) -> None:
        self._keepers = [_Keeper(part, tell, first_pause, ask_every, look_every) for part in parts]

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
        for keeper in self._keepers:
            # Whoever takes the parts down must not meet one that is just being started.
            if keeper.starting.acquire(timeout=20):
                keeper.starting.release()

    def wait(self) -> None:
        raise self._given_up.get()


class _Keeper:
    def __init__(self, part: Part, tell: Tell, first_pause: float, ask_every: float, look_every: float) -> None:
        self.part = part
        self.ending = threading.Event()
        self.starting = threading.Lock()
        self._tell = tell
        self._first_pause = first_pause
        self._ask_every = ask_every
        self._look_every = look_every
        self._failures = 0

    def run(self, given_up: SimpleQueue[DataUnreadable]) -> None:
        try:
            while not self.ending.is_set():
                began = time.monotonic()
                trouble = self._until_down()
                if time.monotonic() - began >= FORGIVEN_AFTER_SECONDS:
                    self._failures = 0
                self._bring_back(trouble)
        except DataUnreadable as problem:
            given_up.put(problem)
        threading.Event().wait()

    def _until_down(self) -> str:
        """Return what is wrong with the part when it has ended or is stuck."""
        unanswered, next_ask = 0, time.monotonic() + self._ask_every
        while not self.ending.wait(self._look_every):
            if not self.part.running:
                return self.part.ending
            if time.monotonic() < next_ask:
                continue
            unanswered = 0 if self.part.is_alive() else unanswered + 1
            if unanswered >= STUCK_AFTER_ASKS:
                return f"did not answer {unanswered} times in a row"
            next_ask = time.monotonic() + self._ask_every
        return ""

    def _bring_back(self, trouble: str) -> None:
        while not self.ending.is_set():
            if why := self.part.unreadable():
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
        """Start the part and wait until it is ready; answers what went wrong, or nothing."""
        with self.starting:
            if self.ending.is_set():
                return "is not needed any more"
            try:
                # Whatever is left of it, such as a process that is stuck.
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
            if self.ending.wait(self._look_every):
                return "is not needed any more"
        return ""
