"""`baton bench promises`: how long a promise takes through the API, and its CPU, over very much stock."""

import random
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import Any

import httpx2
from sqlalchemy import Engine, text

from commands.bench.cpu import cpu_seconds
from commands.bench.flow import free_ports
from commands.bench.speed import Speed
from commands.keys import create_key
from domain.sourcing.provinces import CAPITALS
from embedded.environment import choose_ports, environment
from embedded.postgres import EmbeddedPostgres
from embedded.services import Service
from models.database import open_database, sessions
from models.schema import migrate

PLACES, LINES, CHUNK, WARM_UP = 20, 3, 100_000, 50
HELD_SHARE = 5
"""For so many questions one cart holds stock: it writes and commits."""

# Half of them warehouses, with a cut-off and free Sundays, the others stores.
LOCATIONS = text("""
    INSERT INTO locations (location_id, kind, name, country, province, latitude, longitude, working_days)
    SELECT 'PLACE-' || n, CASE WHEN n % 2 = 0 THEN 'warehouse' ELSE 'store' END, 'Place ' || n, 'CN', province,
        latitude, longitude, '{1,2,3,4,5,6}'
    FROM unnest(CAST(:provinces AS text[]), CAST(:latitudes AS float[]), CAST(:longitudes AS float[]))
        WITH ORDINALITY AS place (province, latitude, longitude, n)""")
PRODUCTS = text("""
    INSERT INTO products (sku, title, weight_grams)
    SELECT 'SKU-' || to_char(n, 'FM00000000'), 'Product ' || n, 200 + n % 3000
    FROM generate_series(0, :skus - 1) AS n""")
# From nothing to eleven units a place, so that some orders are split and some are short.
STOCK = text("""
    INSERT INTO stock (sku, location_id, on_hand)
    SELECT 'SKU-' || to_char(n / :places, 'FM00000000'), 'PLACE-' || n % :places + 1, n * 7919 % 12
    FROM generate_series(CAST(:first AS bigint), :last) AS n""")

Progress = Callable[[str, int, int], object]


@dataclass(frozen=True)
class PromiseTimes:
    """`complete` is the share of answers without anything short; CPU is that of API and PostgreSQL together."""

    calls: int
    p50_ms: float
    p99_ms: float
    cpu_ms_per_call: float
    complete: float


@dataclass(frozen=True)
class PromiseFigures:
    """`asked` writes nothing; `held` keeps the stock of a cart. Giving that up is not timed, but its CPU counts."""

    places: int
    lines: int
    stock_rows: int
    seed_s: float
    asked: PromiseTimes
    held: PromiseTimes


class PromiseFailed(RuntimeError):
    """A promise was not answered."""


def measure_promises(rows: int, calls: int, progress: Progress, speed: Speed) -> PromiseFigures:
    """Fill a PostgreSQL of its own with rows of stock, and ask one API process, one question after another."""
    with ExitStack() as closing:
        directory = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="baton-bench-")))
        postgres = EmbeddedPostgres(directory)
        closing.callback(postgres.stop)
        postgres.start()
        engine = open_database(postgres.url, connections=1)
        closing.callback(engine.dispose)
        migrate(engine)
        began = time.perf_counter()
        _fill(engine, rows, progress)
        seconds = round(time.perf_counter() - began, 1)
        speed.look()
        key = create_key(sessions(engine), "bench", "channel", "shop")
        api = _api(directory, postgres)
        closing.callback(api.stop)
        api.start()
        api.wait_ready()
        assert api.process
        postmaster = int((postgres.directory / "postmaster.pid").read_text().split()[0])
        client = closing.enter_context(
            httpx2.Client(base_url=api.address, headers={"Authorization": f"Bearer {key}"}, timeout=60)
        )
        asking = _Asking(client, rows // PLACES, {"api": [api.process.pid], "postgres": [postmaster]}, progress)
        asking.ask("warm", WARM_UP, "stock")
        asked = asking.ask("asked", calls, "nothing")
        speed.look()
        held = asking.ask("held", max(10, calls // HELD_SHARE), "stock")
    return PromiseFigures(PLACES, LINES, rows, seconds, asked, held)


class _Asking:
    def __init__(self, client: httpx2.Client, skus: int, processes: dict[str, list[int]], progress: Progress) -> None:
        self._client, self._skus, self._processes, self._progress = client, skus, processes, progress
        self._rng = random.Random(0)

    def ask(self, name: str, calls: int, keep: str) -> PromiseTimes:
        times, complete, before = list[float](), 0, self._cpu()
        for number in range(calls):
            body = self._body(keep)
            began = time.perf_counter()
            answer = self._client.post("/promises", json=body)
            times.append(1_000 * (time.perf_counter() - began))
            if answer.status_code != httpx2.codes.OK:
                raise PromiseFailed(answer.text[:300])
            promise = answer.json()
            complete += promise["complete"]
            if promise["promise_id"]:
                self._client.delete(f"/promises/{promise['promise_id']}")
            self._progress(name, number + 1, calls)
        cuts = quantiles(times, n=100, method="inclusive")
        used = round(1_000 * (self._cpu() - before) / calls, 2)
        return PromiseTimes(calls, round(cuts[49], 2), round(cuts[98], 2), used, round(complete / calls, 3))

    def _body(self, keep: str) -> dict[str, Any]:
        lines = [
            {"sku": f"SKU-{self._rng.randrange(self._skus):08}", "quantity": self._rng.choice((1, 1, 1, 2, 3))}
            for _ in range(LINES)
        ]
        place = {"country": "CN", "province": self._rng.choice(list(CAPITALS))}
        return {"lines": lines, "place": place, "keep": keep}

    def _cpu(self) -> float:
        return sum(cpu_seconds(self._processes).values())


def _fill(engine: Engine, rows: int, progress: Progress) -> None:
    """Fill the tables by whole statements, without foreign key checks: the series make them right."""
    capitals = list(CAPITALS.items())[:PLACES]
    places = {
        "provinces": [name for name, _ in capitals],
        "latitudes": [latitude for _, (_, latitude, _) in capitals],
        "longitudes": [longitude for _, (_, _, longitude) in capitals],
    }
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(LOCATIONS, places)
        connection.execute(PRODUCTS, {"skus": -(-rows // PLACES)})
        for first in range(0, rows, CHUNK):
            last = min(first + CHUNK, rows)
            connection.execute(STOCK, {"places": PLACES, "first": first, "last": last - 1})
            progress("stock", last, rows)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text("VACUUM ANALYZE"))


def _api(directory: Path, postgres: EmbeddedPostgres) -> Service:
    ports = choose_ports(free_ports(), {})
    env = environment(directory, postgres.url, ports, 0, {})
    url = f"http://127.0.0.1:{ports['api']}"
    command = [sys.executable, "-m", "api.serve", "--port", str(ports["api"])]
    return Service("api", command, data_dir=directory, env=env, address=url, health_url=f"{url}/healthz")
