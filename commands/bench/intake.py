"""`baton bench intake`: orders a second taken in, each checked and committed before it is answered."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx2
from sqlalchemy import Engine, text

from commands.bench.cpu import cpu_seconds
from commands.bench.flow import free_ports
from commands.bench.load import Fired, Load
from commands.bench.speed import Speed
from commands.keys import create_key
from embedded.environment import choose_ports, environment
from embedded.postgres import EmbeddedPostgres
from embedded.services import Service
from models.database import open_database, sessions
from models.schema import migrate

API_PROCESSES = 2
CORES = 2
ENDLESS = 10_000_000
"""More orders than any machine takes in during the bench, which time ends."""
BATCH, BATCH_CONNECTIONS = 500, 12
ORDERS = text("SELECT count(*) FROM orders")

Progress = Callable[[str], None]


class LoadFailed(RuntimeError):
    """The load generator ended early; the message is the end of its output."""


@dataclass(frozen=True)
class SingleFigures:
    orders_per_s: float
    p50_ms: float
    p99_ms: float
    cpu_ms_per_order: float


@dataclass(frozen=True)
class BatchFigures:
    orders_per_s: float
    cpu_ms_per_order: float


@dataclass(frozen=True)
class IntakeFigures:
    """CPU is that of API and PostgreSQL together. `batch` is None if the API takes no batches."""

    single: SingleFigures
    batch: BatchFigures | None


def measure_intake(seconds: float, progress: Progress, speed: Speed) -> IntakeFigures:
    """Run load generator, two API processes and PostgreSQL (fsync on) on the same two cores, without workers.

    Each kind is measured for `seconds`, after a short warm-up.
    """
    with ExitStack() as closing:
        _stay_on_two_cores(closing)
        directory = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="baton-bench-")))
        postgres = EmbeddedPostgres(directory)
        closing.callback(postgres.stop)
        postgres.start()
        engine = open_database(postgres.url, connections=1)
        closing.callback(engine.dispose)
        migrate(engine)
        api = _api(directory, postgres)
        closing.callback(api.stop)
        api.start()
        api.wait_ready()
        assert api.process
        postmaster = int((postgres.directory / "postmaster.pid").read_text().split()[0])
        bench = _Bench(engine, api.address, {"api": [api.process.pid], "postgres": [postmaster]})
        progress("one by one")
        bench.fire("WARM", 2)
        single, rate, cpu = bench.fire("ONE", seconds)
        figures = SingleFigures(rate, single.p50_ms, single.p99_ms, cpu)
        if not bench.takes_batches():
            return IntakeFigures(figures, None)
        speed.look()
        progress("in batches")
        bench.fire("WARM-BATCH", 2, BATCH)
        _, rate, cpu = bench.fire("BATCH", seconds, BATCH)
        return IntakeFigures(figures, BatchFigures(rate, cpu))


class _Bench:
    def __init__(self, engine: Engine, url: str, processes: dict[str, list[int]]) -> None:
        self._engine = engine
        self._url = url
        self._processes = processes
        self._key = create_key(sessions(engine), "bench", "staff")

    def takes_batches(self) -> bool:
        return "/orders:batch" in httpx2.get(f"{self._url}/openapi.json").json()["paths"]

    def fire(self, name: str, seconds: float, batch: int = 1) -> tuple[Fired, float, float]:
        """Send the load; return the generator's result, committed orders a second, and CPU milliseconds for each."""
        connections = 64 if batch == 1 else BATCH_CONNECTIONS
        load = Load(self._url, self._key, "marketplace", name, ENDLESS, seconds, connections, batch)
        orders, cpu = self._orders(), self._cpu()
        fired = send(load)
        orders, cpu = self._orders() - orders, self._cpu() - cpu
        return fired, round(orders / fired.seconds, 1), round(1000 * cpu / max(orders, 1), 3)

    def _orders(self) -> int:
        with self._engine.connect() as connection:
            return int(connection.scalar(ORDERS) or 0)

    def _cpu(self) -> float:
        return sum(cpu_seconds(self._processes).values())


def send(load: Load) -> Fired:
    """Send the load from a process of its own. Raise LoadFailed if an answer was an error."""
    command = [sys.executable, "-m", "commands.bench.load", json.dumps(asdict(load))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=load.seconds + 120, check=False)
    if done.returncode:
        raise LoadFailed(done.stderr[-600:])
    return Fired(**json.loads(done.stdout))


def _api(directory: Path, postgres: EmbeddedPostgres) -> Service:
    ports = choose_ports(free_ports(), {})
    env = environment(directory, postgres.url, ports, 0, {})
    # Lift the quotas of a key and a channel, which the bench exceeds.
    env |= {"BATON_RATE_LIMIT": "1e6", "BATON_RATE_BURST": "1e6", "BATON_CHANNEL_BACKLOG": str(ENDLESS)}
    url = f"http://127.0.0.1:{ports['api']}"
    command = [sys.executable, "-m", "api.serve", "--port", str(ports["api"]), "--processes", str(API_PROCESSES)]
    return Service("api", command, data_dir=directory, env=env, address=url, health_url=f"{url}/healthz")


def _stay_on_two_cores(closing: ExitStack) -> None:
    """Keep this process and all that it starts on two cores, so that machines can be compared."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(before)[:CORES])
    closing.callback(os.sched_setaffinity, 0, before)
