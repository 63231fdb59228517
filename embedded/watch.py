"""Whether a process still moves: one whose event loop or threads stand still says so, and ends to be started again."""

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
"""How long a process that is stuck says so before it ends."""
STUCK = 70
"""Its exit status."""


class Threads:
    """The threads that steps of one kind are done in."""

    def __init__(self, name: str, number: int) -> None:
        self.name = name
        self.number = number
        self.taken = 0
        self.moves = 0
        """How often a step has begun or ended."""
        self._guard = threading.Lock()

    @contextmanager
    def one_taken(self) -> Iterator[None]:
        """Around a step, in its thread."""
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
    """Seconds without a move while there should be some."""


class Watch(Collector):
    """Looks once a second, from a thread that needs neither the database nor the event loop.

    Time is counted in looks: a process that was stopped as a whole, or starved, is not stuck for that.
    """

    def __init__(self, stuck_after: timedelta) -> None:
        self.ready = False
        """Set it when the process has begun to work."""
        self._patience = stuck_after.total_seconds()
        self._parts: list[_Part] = []
        self._threads: list[Threads] = []
        self._beats = 0
        self._stuck_for = 0.0
        self._stopping = threading.Event()

    def part(self, name: str, must_move: Callable[[], bool], moves: Callable[[], int], more: float = 0.0) -> None:
        """Watch something that counts its `moves`; it may stand still `more` seconds longer than others."""
        self._parts.append(_Part(name, must_move, moves, self._patience + more))

    def threads(self, name: str, number: int, longest_step: timedelta = timedelta()) -> Threads:
        """Watch threads: when all are taken, one must begin or end something in time, however long a step may take."""
        threads = Threads(name, number)
        self._threads.append(threads)
        more = longest_step.total_seconds()
        self.part(name, lambda: threads.taken >= number, lambda: threads.moves, more)
        return threads

    async def beat(self) -> None:
        """Run it as a task of the event loop that is to be watched."""
        self.part("event loop", lambda: True, lambda: self._beats)
        while True:
            self._beats += 1
            await asyncio.sleep(TICK_SECONDS / 2)

    def start(self) -> None:
        """Look until `stop`, and end the process when it is stuck."""
        threading.Thread(target=self._run, name="watch", daemon=True).start()

    def stop(self) -> None:
        self._stopping.set()

    def look(self) -> str:
        """One look; answers why the process is stuck, or nothing."""
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
        """Whether all is well, and what is told of it."""
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
            self.look()
            if self._stuck_for >= LAST_WORDS_SECONDS:
                # Where every thread stands: files and lines, no values.
                faulthandler.dump_traceback()
                os._exit(STUCK)
