"""`baton bench flow`: whole lives of orders against workflows that do nothing, in turn on the same servers."""

import asyncio
import socket
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from temporalio.client import Client

from commands.bench import baseline
from commands.bench.baseline import BETWEEN_SIGNALS_SECONDS, NoopLoad
from commands.bench.histories import read_histories
from commands.bench.orders import OrderLoad, Paced
from commands.bench.price import CountingStack, Meter, Price
from commands.bench.side import Progress, Side, parts_of, pids_of
from commands.bench.speed import Speed
from embedded.environment import Ports
from embedded.services import Service
from embedded.stack import Stack
from models.database import open_database, sessions

ORDERS_A_ROUND = 75
WARM_UP = 10
NAMES = ("orders", "spaced")
"""The sides of orders: partners' steps take no time, or as long as between the baseline's signals."""


@dataclass(frozen=True)
class PaceFigures(Price):
    """Complete lives a second, CPU milliseconds for each life by part, and what a life asks for.

    `ratio` is orders a second divided by workflows that do nothing a second. `cpu_ratio` is the CPU of Temporal,
    worker, API and PostgreSQL for an order, divided by that of Temporal and worker for a workflow that does nothing.
    """

    orders_per_s: float
    cpu_ms_per_order: Mapping[str, float]
    ratio: float
    cpu_ratio: float


@dataclass(frozen=True)
class FlowFigures(PaceFigures):
    """The figures of orders whose partners take no time; `spaced` are those of partners whose steps are 0.2 s apart, as
    the signals of the baseline are."""

    orders: int
    rounds: int
    processes: int
    baseline_orders_per_s: float
    baseline_cpu_ms_per_order: Mapping[str, float]
    spaced: PaceFigures


def measure_flow(orders: int, processes: int, progress: Progress, speed: Speed) -> FlowFigures:
    """Run `orders` orders at each pace and as many empty workflows on a stack of its own.

    Raises NotCompleted with the orders that got stuck. Call it from the main thread.
    """
    with ExitStack() as closing:
        directory = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="baton-bench-")))
        stack = CountingStack(directory, free_ports(), step_seconds=0, worker_processes=processes, pages=False)
        closing.enter_context(stack)
        workers = [_baseline_worker(stack, number) for number in range(processes)]
        for worker in workers:
            closing.callback(worker.stop)
            worker.start()
        for worker in workers:
            worker.wait_ready()
        engine = open_database(stack.env["BATON_DATABASE_URL"], connections=2, prepares=True)
        closing.callback(engine.dispose)
        load = OrderLoad(stack.api_url, sessions(engine))
        load.prepare(2 * orders + WARM_UP + 1)
        paces = [Paced(load, stack.simulators_url, seconds) for seconds in (0.0, BETWEEN_SIGNALS_SECONDS)]
        empty = Side("baseline", NoopLoad(stack.temporal_address), _baseline_parts(stack, workers))
        flow = _Flow(stack, Meter(stack, engine), paces, empty)
        return asyncio.run(flow.measure(orders, processes, progress, speed))


class _Flow:
    """Orders at two paces and empty workflows, on servers that run."""

    def __init__(self, stack: Stack, meter: Meter, paces: Sequence[Paced], empty: Side) -> None:
        self._stack = stack
        self._meter = meter
        self._paces = paces
        parts = parts_of(stack)
        self._sides = [Side(name, pace, parts, meter.read) for name, pace in zip(NAMES, paces, strict=True)]
        self._empty = empty

    async def measure(self, orders: int, processes: int, progress: Progress, speed: Speed) -> FlowFigures:
        for side in (self._sides[0], self._empty):
            # The first ones load code and open connections.
            await side.load.run(min(WARM_UP, orders), lambda done: None)
        size = self._meter.compact_size()
        # One more, since the first change of each page after that writes the whole page to the log.
        await self._sides[0].load.run(1, lambda done: None)
        await self._meter.look_at_idle()
        rounds = await self._in_turns(orders, progress, speed)
        histories = await self._histories()
        table_bytes = (self._meter.compact_size() - size) / (1 + len(self._sides) * orders)
        at_once, spaced = (
            self._figures(side, Price(**kept, **self._meter.asked_by(side), table_bytes=round(table_bytes)))
            for side, kept in zip(self._sides, histories, strict=True)
        )
        return FlowFigures(
            **vars(at_once),
            orders=orders,
            rounds=rounds,
            processes=processes,
            baseline_orders_per_s=self._empty.per_second,
            baseline_cpu_ms_per_order=self._empty.cpu_ms,
            spaced=spaced,
        )

    async def _in_turns(self, orders: int, progress: Progress, speed: Speed) -> int:
        """Alternate rounds of all sides, so that other load of the machine slows down all; return their number."""
        rounds = max(2, orders // ORDERS_A_ROUND)
        for number in range(rounds):
            share = orders * (number + 1) // rounds - orders * number // rounds
            for side in (*self._sides, self._empty):
                await side.round(share, progress)
            speed.look()
        return rounds

    async def _histories(self) -> list[dict[str, float]]:
        """What Temporal keeps of the orders of each side's last round."""
        client = await Client.connect(self._stack.temporal_address)
        return [await read_histories(client, pace.workflows) for pace in self._paces]

    def _figures(self, side: Side, price: Price) -> PaceFigures:
        used = side.cpu_of("temporal", "worker", "api", "postgres") / self._empty.cpu_of("temporal", "worker")
        return PaceFigures(
            **vars(price),
            orders_per_s=side.per_second,
            cpu_ms_per_order=side.cpu_ms,
            ratio=round(side.per_second / self._empty.per_second, 3),
            cpu_ratio=round(used, 3),
        )


def free_ports() -> Ports:
    """Ports that the system picks, so that two benches that start at once do not choose the same."""
    with ExitStack() as closing:
        taken = [closing.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(4)]
        return Ports(*(server.getsockname()[1] for server in taken))


def _baseline_worker(stack: Stack, number: int) -> Service:
    command = [sys.executable, "-m", "commands.bench.baseline", stack.temporal_address]
    return Service(f"baseline-{number}", command, data_dir=stack.data_dir, ready_line=baseline.READY)


def _baseline_parts(stack: Stack, workers: Sequence[Service]) -> dict[str, list[int]]:
    return {"temporal": pids_of(stack.service("temporal")), "worker": [pid for one in workers for pid in pids_of(one)]}
