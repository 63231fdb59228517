"""Ends a process whose event loop or threads stand still, after saying so, so that it is started again."""

import asyncio
import faulthandler
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

log = structlog.get_logger()

TICK_SECONDS = 1.0
LAST_WORDS_SECONDS = 15.0
"""How long a stuck process reports that before it ends."""
STUCK_STATUS = 70
"""The exit status of a stuck process."""


class Threads:
    """Counts the busy threads of one kind of step, and how often a step began or ended."""

    def __init__(self, name: str, number: int) -> None:
        self.name = name
        self.number = number
        self.taken = 0
        self.moves = 0
        """How often a step began or ended."""
        self._guard = threading.Lock()

    @contextmanager
    def one_taken(self) -> Iterator[None]:
        """Count one thread as taken; put it around a step, in its thread."""
        self._move(1)
        try:
            yield
        finally:
            self._move(-1)

    def _move(self, more: int) -> None:
        with self._guard:
            self.taken += more
            self.moves += 1


@dataclass
class _Part:
    name: str
    must_move: Callable[[], bool]
    moves: Callable[[], int]
    patience: float
    seen: int = -1
    still: float = 0.0
    """Seconds without a move although one was due."""


class Watch(Collector):
    """Checks once a second, from a thread that needs neither the database nor the event loop.

    Time is counted in checks, so that a process that was suspended or starved as a whole is not taken for stuck.
    """

    def __init__(self, stuck_after: timedelta) -> None:
        self.ready = False
        """To be set once the process has begun to work."""
        self._patience = stuck_after.total_seconds()
        self._parts: list[_Part] = []
        self._threads: list[Threads] = []
        self._beats = 0
        self._stuck_for = 0.0
        self._stopping = threading.Event()

    def add_part(self, name: str, must_move: Callable[[], bool], moves: Callable[[], int], more: float = 0.0) -> None:
        """Watch a part that counts its `moves`; it may stand still `more` seconds longer than others."""
        self._parts.append(_Part(name, must_move, moves, self._patience + more))

    def add_threads(self, name: str, number: int, longest_step: timedelta = timedelta()) -> Threads:
        """Watch a pool of `number` threads: while all are taken, a step must begin or end in time.

        `longest_step` is added to the time they may stand still.
        """
        threads = Threads(name, number)
        self._threads.append(threads)
        more = longest_step.total_seconds()
        self.add_part(name, lambda: threads.taken >= number, lambda: threads.moves, more)
        return threads

    async def beat(self) -> None:
        """Watch the event loop that runs this as a task."""
        self.add_part("event loop", lambda: True, lambda: self._beats)
        while True:
            self._beats += 1
            await asyncio.sleep(TICK_SECONDS / 2)

    def start(self) -> None:
        """Check until `stop`, and end the process if it is stuck."""
        threading.Thread(target=self._run, name="watch", daemon=True).start()

    def stop(self) -> None:
        self._stopping.set()

    def check(self) -> str:
        """Check once; return why the process is stuck, or an empty text."""
        for part in self._parts:
            moves = part.moves()
            part.still = part.still + TICK_SECONDS if moves == part.seen and part.must_move() else 0.0
            part.seen = moves
        reason = self.reason
        if reason and not self._stuck_for:
            log.error("process_stuck", reason=reason)
        self._stuck_for = self._stuck_for + TICK_SECONDS if reason else 0.0
        return reason

    @property
    def reason(self) -> str:
        stuck = [part for part in self._parts if part.still >= part.patience]
        return "; ".join(f"{part.name}: nothing has moved for {part.still:.0f} s" for part in stuck)

    def health(self) -> tuple[bool, Mapping[str, Any]]:
        """Return whether the process is healthy, and the body of the answer to `/healthz`."""
        unmoved = {part.name: part.still for part in self._parts}
        if reason := self.reason:
            return False, {"status": "stuck", "reason": reason, "unmoved_seconds": unmoved}
        return self.ready, {"status": "ok" if self.ready else "starting", "unmoved_seconds": unmoved}

    def collect(self) -> Iterator[Metric]:
        unmoved = GaugeMetricFamily("baton_unmoved_seconds", "How long a part has stood still", labels=["part"])
        for part in self._parts:
            unmoved.add_metric([part.name], part.still)
        number = GaugeMetricFamily("baton_threads", "Threads for steps", labels=["threads"])
        taken = GaugeMetricFamily("baton_threads_taken", "How many of them work", labels=["threads"])
        steps = CounterMetricFamily("baton_thread_moves", "How often one began or ended a step", labels=["threads"])
        for threads in self._threads:
            number.add_metric([threads.name], threads.number)
            taken.add_metric([threads.name], threads.taken)
            steps.add_metric([threads.name], threads.moves)
        yield from (unmoved, number, taken, steps)

    def _run(self) -> None:
        while not self._stopping.wait(TICK_SECONDS):
            self.check()
            if self._stuck_for >= LAST_WORDS_SECONDS:
                # Shows where every thread stands: files and lines, no values.
                faulthandler.dump_traceback()
                os._exit(STUCK_STATUS)
