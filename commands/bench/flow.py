"""`baton bench flow`: whole lives of orders against workflows that do nothing, in turn on the same servers."""

import asyncio
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from commands.bench import baseline
from commands.bench.baseline import NoopLoad
from commands.bench.cpu import cpu_seconds
from commands.bench.orders import OrderLoad
from embedded.environment import Ports
from embedded.services import Service
from embedded.stack import Stack
from models.database import open_database, sessions

ORDERS_A_ROUND = 75
SETTLE_SECONDS = 0.5
"""How long a round still costs CPU after its end, while servers write indexes and logs."""

Progress = Callable[[str, int], None]
"""Called with `orders` or `baseline`, and the number of complete ones."""


@dataclass(frozen=True)
class FlowFigures:
    """Complete lives a second, and CPU milliseconds for each life by part.

    `ratio` is orders a second divided by workflows that do nothing a second.
    """

    orders: int
    rounds: int
    processes: int
    orders_per_s: float
    cpu_ms_per_order: Mapping[str, float]
    baseline_orders_per_s: float
    baseline_cpu_ms_per_order: Mapping[str, float]
    ratio: float


class Load(Protocol):
    async def run(self, number: int, completed: Callable[[int], object]) -> None: ...


@dataclass
class Side:
    """One of the two sides compared: its load, the processes that work for it, and its figures so far."""

    name: str
    load: Load
    processes: Mapping[str, Sequence[int]]
    done: int = 0
    seconds: float = 0
    cpu: dict[str, float] = field(default_factory=dict)

    async def round(self, number: int, progress: Progress) -> None:
        before, began = self._cpu(), time.perf_counter()
        await self.load.run(number, lambda done: progress(self.name, self.done + done))
        self.seconds += time.perf_counter() - began
        await asyncio.sleep(SETTLE_SECONDS)
        for part, used in self._cpu().items():
            self.cpu[part] = self.cpu.get(part, 0) + used - before[part]
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


def measure_flow(orders: int, processes: int, progress: Progress) -> FlowFigures:
    """Run `orders` orders and as many empty workflows on a stack of its own.

    Raises NotCompleted with the orders that got stuck. Call it from the main thread.
    """
    with ExitStack() as closing:
        directory = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="baton-bench-")))
        stack = closing.enter_context(Stack(directory, free_ports(), step_seconds=0, worker_processes=processes))
        workers = [_baseline_worker(stack, number) for number in range(processes)]
        for worker in workers:
            closing.callback(worker.stop)
            worker.start()
        for worker in workers:
            worker.wait_ready()
        engine = open_database(stack.env["BATON_DATABASE_URL"], connections=1)
        closing.callback(engine.dispose)
        real = OrderLoad(stack.api_url, sessions(engine))
        real.prepare(orders)
        empty = NoopLoad(stack.temporal_address)
        sides = (
            Side("orders", real, parts_of(stack)),
            Side("baseline", empty, _baseline_parts(stack, workers)),
        )
        return asyncio.run(_in_turns(*sides, orders, processes, progress))


async def _in_turns(real: Side, empty: Side, orders: int, processes: int, progress: Progress) -> FlowFigures:
    """Alternate rounds of both sides, so that other load of the machine slows down both."""
    rounds = max(2, orders // ORDERS_A_ROUND)
    for side in (real, empty):
        # Warm up: the first ones load code and open connections.
        await side.load.run(min(10, orders), lambda done: None)
    for number in range(rounds):
        share = orders * (number + 1) // rounds - orders * number // rounds
        for side in (real, empty):
            await side.round(share, progress)
    return FlowFigures(
        orders=orders,
        rounds=rounds,
        processes=processes,
        orders_per_s=real.per_second,
        cpu_ms_per_order=real.cpu_ms,
        baseline_orders_per_s=empty.per_second,
        baseline_cpu_ms_per_order=empty.cpu_ms,
        ratio=round(real.per_second / empty.per_second, 3),
    )


def free_ports() -> Ports:
    """Ports that the system picks, so that two benches that start at once do not choose the same."""
    with ExitStack() as closing:
        taken = [closing.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(4)]
        return Ports(*(server.getsockname()[1] for server in taken))


def _baseline_worker(stack: Stack, number: int) -> Service:
    command = [sys.executable, "-m", "commands.bench.baseline", stack.temporal_address]
    return Service(f"baseline-{number}", command, data_dir=stack.data_dir, ready_line=baseline.READY)


def parts_of(stack: Stack) -> dict[str, list[int]]:
    """The process ids that work for orders by part, without this process."""
    services = {name: _pids(stack.service(name)) for name in ("temporal", "api", "simulators")}
    services["worker"] = [pid for one in stack.services if one.name.startswith("worker") for pid in _pids(one)]
    postmaster = int((stack.postgres.directory / "postmaster.pid").read_text().split()[0])
    return services | {"postgres": [postmaster]}


def _baseline_parts(stack: Stack, workers: Sequence[Service]) -> dict[str, list[int]]:
    pids = [pid for worker in workers for pid in _pids(worker)]
    return {"temporal": _pids(stack.service("temporal")), "worker": pids}


def _pids(service: Service) -> list[int]:
    return [service.process.pid] if service.process else []
