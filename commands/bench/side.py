"""A side of a comparison: a load, the processes that work for it, and what its rounds took."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from commands.bench.cpu import cpu_seconds
from embedded.services import Service
from embedded.stack import Stack

SETTLE_SECONDS = 1.0
"""How long a round still costs something after its end, while servers write indexes and logs, and the relay does what
it does for many orders together."""

Progress = Callable[[str, int], object]
"""Called with the name of a side, and the number of complete ones."""


class Load(Protocol):
    async def run(self, number: int, completed: Callable[[int], object]) -> None: ...


@dataclass
class Side:
    """One of the sides compared, and its figures so far. `read` returns further counts that are to be noted."""

    name: str
    load: Load
    processes: Mapping[str, Sequence[int]]
    read: Callable[[], Mapping[str, float]] = dict
    done: int = 0
    seconds: float = 0
    watched_seconds: float = 0
    cpu: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)

    async def round(self, number: int, progress: Progress) -> None:
        before, asked, began = self._cpu(), self.read(), time.perf_counter()
        await self.load.run(number, lambda done: progress(self.name, self.done + done))
        self.seconds += time.perf_counter() - began
        await asyncio.sleep(SETTLE_SECONDS)
        self.watched_seconds += time.perf_counter() - began
        for total, now, then in ((self.asked, self.read(), asked), (self.cpu, self._cpu(), before)):
            total.update({name: value - then[name] for name, value in now.items()})
        self.done += number

    def _cpu(self) -> dict[str, float]:
        # This process plays the channels; its children are counted by part, not here.
        return cpu_seconds(self.processes) | {"client": time.process_time()}

    @property
    def per_second(self) -> float:
        return round(self.done / self.seconds, 2)

    @property
    def cpu_ms(self) -> dict[str, float]:
        return {part: round(1000 * used / self.done, 1) for part, used in self.cpu.items()}

    def cpu_of(self, *parts: str) -> float:
        """CPU milliseconds for each, of these parts together."""
        return 1000 * sum(self.cpu[part] for part in parts) / self.done


def parts_of(stack: Stack) -> dict[str, list[int]]:
    """The process ids that work for orders by part, without this process."""
    services = {name: pids_of(stack.service(name)) for name in ("temporal", "api", "simulators")}
    services["worker"] = [pid for one in stack.services if one.name.startswith("worker") for pid in pids_of(one)]
    postmaster = int((stack.postgres.directory / "postmaster.pid").read_text().split()[0])
    return services | {"postgres": [postmaster]}


def pids_of(service: Service) -> list[int]:
    return [service.process.pid] if service.process else []
