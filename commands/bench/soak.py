"""`baton bench soak`: a constant rate of orders for a long time, at which nothing may drift."""

import asyncio
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from commands.bench.cpu import cpu_seconds
from commands.bench.flow import WARM_UP, free_ports
from commands.bench.memory import memory_mb
from commands.bench.orders import OrderLoad
from commands.bench.side import parts_of, pids_of
from commands.bench.soak_record import Times, table_sizes, times
from commands.bench.speed import REFERENCE_LOOP_MS, Speed
from commands.bench.steady import Progress, Steady, SteadyLoad
from embedded.stack import Stack
from models.database import Sessions, open_database, sessions

STEP_SECONDS = 0.5
"""The usual time of a step of a partner, as in `baton up`."""
SHARE = 0.8
"""The share of what the machine carries that it is given."""
TRIAL_ORDERS = 250
"""Enough that the first and the last ones, when few are under way, count little."""
STOCK_FOR = 1_000_000
LARGEST_TABLES = 12
NOT_BATON = ("simulators",)
DAY_PER_S = 500_000 / 86_400
"""The orders a second of a day of 500,000; a peak hour has three times as many (PEAK)."""
PEAK, PEAK_SECONDS = 3, 60


@dataclass(frozen=True)
class PeakFigures:
    """A minute at three times the rate of a day of 500,000 orders, by the speed of this machine.

    It carries a peak hour if all are told within a further minute: `told_s` counts from the first order.
    """

    rate_per_s: float
    orders: int
    placed_s: float
    told_s: float


@dataclass(frozen=True)
class SoakFigures(Times):
    """`rate_per_s` is what was placed, `carried_per_s` what the trial carried, null where the rate was given.

    `open_orders_by_part` were placed and not yet told at the end of each quarter. `memory_mb` are start and end.
    `growth_bytes_per_order` is that of the largest tables with their indexes, as they stand. `cores_for_500000_a_day`
    are reference cores for all but the simulators; `peak_hours` how long an hour of three times that rate takes on
    this machine's number of reference cores, null where the rate was given.
    """

    minutes: float
    orders: int
    carried_per_s: float | None
    rate_per_s: float
    open_orders_by_part: Sequence[int]
    cpu_ms_per_order: Mapping[str, float]
    memory_mb: Mapping[str, tuple[float, float]]
    growth_bytes_per_order: Mapping[str, int]
    cores_for_500000_a_day: float
    peak_hours: float | None
    peak: PeakFigures | None


def measure_soak(
    minutes: float, rate: float | None, peak: bool, processes: int, progress: Progress, speed: Speed
) -> SoakFigures:
    """Place orders at `rate` a second, or at 80 % of what a trial carries, on a stack of its own; then a peak minute.

    Raises NotCompleted if orders are refused or stuck. Call it from the main thread.
    """
    with ExitStack() as closing:
        directory = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="baton-bench-")))
        stack = Stack(directory, free_ports(), step_seconds=STEP_SECONDS, worker_processes=processes, pages=False)
        closing.enter_context(stack)
        engine = open_database(stack.env["BATON_DATABASE_URL"], connections=2, prepares=True)
        closing.callback(engine.dispose)
        load = OrderLoad(stack.api_url, sessions(engine))
        load.prepare(STOCK_FOR)
        parts = parts_of(stack)
        trees = {service.name: pids_of(service) for service in stack.services} | {"postgres": parts["postgres"]}
        soak = Soak(load, sessions(engine), parts, trees, progress, speed)
        return asyncio.run(soak.run(minutes, rate, peak))


class Soak:
    """On a stack that runs, with a load that is prepared. `trees` are the processes whose memory is read, by name."""

    def __init__(
        self,
        load: OrderLoad,
        record: Sessions,
        parts: Mapping[str, Sequence[int]],
        trees: Mapping[str, Sequence[int]],
        progress: Progress,
        speed: Speed,
    ) -> None:
        self._load = load
        self._steady = SteadyLoad(load, record, progress, speed)
        self._record = record
        self._parts = parts
        self._trees = trees
        self._progress = progress
        self._speed = speed

    async def run(self, minutes: float, rate: float | None, peak: bool) -> SoakFigures:
        await self._load.run(WARM_UP, lambda done: self._progress("trial", done, WARM_UP))
        carried = None if rate else await self._trial()
        memory, cpu, sizes = memory_mb(self._trees), cpu_seconds(self._parts), self._sizes()
        placed = await self._steady.run(rate or SHARE * (carried or 0), 60 * minutes)
        memory_now, used, sizes_now = memory_mb(self._trees), cpu_seconds(self._parts), self._sizes()
        with self._record() as session:
            found = times(session, placed.since, placed.until)
        each = {part: round(1000 * (used[part] - cpu[part]) / placed.orders, 1) for part in used}
        ours = sum(milliseconds for part, milliseconds in each.items() if part not in NOT_BATON) / 1000
        return SoakFigures(
            **vars(found),
            minutes=minutes,
            orders=placed.orders,
            carried_per_s=carried and round(carried, 2),
            rate_per_s=round(placed.orders / placed.placed_s, 2),
            open_orders_by_part=placed.open_orders,
            cpu_ms_per_order=each,
            memory_mb={name: (memory[name], memory_now[name]) for name in memory},
            growth_bytes_per_order=_growth(sizes, sizes_now, placed.orders),
            cores_for_500000_a_day=round(DAY_PER_S * ours / self._slowness, 2),
            peak_hours=carried and round(PEAK * DAY_PER_S / (carried * self._slowness), 2),
            peak=_peak(await self._steady.run(PEAK * DAY_PER_S / self._slowness, PEAK_SECONDS)) if peak else None,
        )

    async def _trial(self) -> float:
        """Orders a second when many come at once: a little less than the machine carries, since the last ones leave it
        idle while they wait for partners."""
        began = time.monotonic()
        await self._load.run(TRIAL_ORDERS, lambda done: self._progress("trial", done, TRIAL_ORDERS))
        return TRIAL_ORDERS / (time.monotonic() - began)

    @property
    def _slowness(self) -> float:
        """How many times as long as the reference core this machine takes."""
        return self._speed.loop_ms / REFERENCE_LOOP_MS

    def _sizes(self) -> dict[str, int]:
        with self._record() as session:
            return table_sizes(session)


def _growth(before: Mapping[str, int], after: Mapping[str, int], orders: int) -> dict[str, int]:
    """Bytes for each order by table, the largest first, and of all tables."""
    grown = {table: round((size - before.get(table, 0)) / orders) for table, size in after.items()}
    largest = sorted(grown, key=lambda table: -grown[table])[:LARGEST_TABLES]
    return {"all": sum(grown.values())} | {table: grown[table] for table in largest if grown[table]}


def _peak(run: Steady) -> PeakFigures:
    return PeakFigures(round(run.orders / run.placed_s, 2), run.orders, round(run.placed_s, 1), round(run.told_s, 1))
