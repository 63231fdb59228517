"""`baton bench stock --scale`: how long lists and views take through the API when there is very much stock."""

import random
import sys
import tempfile
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles

import httpx2
from sqlalchemy import Engine, text

from commands.bench.flow import free_ports
from commands.bench.speed import Speed
from commands.keys import create_key
from embedded.environment import choose_ports, environment
from embedded.postgres import EmbeddedPostgres
from embedded.services import Service
from models.database import open_database, sessions
from models.schema import migrate

LOCATIONS = 10
CHUNK = 500_000
WARM_UP = 5

PLACES = text("""
    INSERT INTO locations (location_id, kind, name, country, province, latitude, longitude)
    SELECT 'PLACE-' || n, CASE WHEN n < 5 THEN 'warehouse' ELSE 'store' END, 'Place ' || n, 'CN', '', 20 + n, 100 + n
    FROM generate_series(0, :locations - 1) AS n""")
PRODUCTS = text("""
    INSERT INTO products (sku, title)
    SELECT 'SKU-' || to_char(n, 'FM00000000'), 'Product ' || n FROM generate_series(0, :skus - 1) AS n""")
# Two units arrive at each place, then one is reserved and released in turn, so that the ledger explains the counters.
STOCK = text("""
    INSERT INTO stock (sku, location_id, on_hand, reserved)
    SELECT 'SKU-' || to_char(n / :locations, 'FM00000000'), 'PLACE-' || n % :locations,
        least(rounds, 2), CASE WHEN rounds > 2 THEN (rounds - 2) % 2 ELSE 0 END
    FROM generate_series(0, :rows - 1) AS n
    CROSS JOIN LATERAL (SELECT (:movements - n + :rows - 1) / :rows AS rounds) AS moved""")
MOVEMENTS = text("""
    INSERT INTO stock_movements (kind, sku, location_id, quantity, reason)
    SELECT CASE WHEN n / :rows < 2 THEN 'received' WHEN n / :rows % 2 = 0 THEN 'reserved' ELSE 'released' END,
        'SKU-' || to_char(n % :rows / :locations, 'FM00000000'), 'PLACE-' || n % :rows % :locations, 1, 'the bench'
    FROM generate_series(CAST(:first AS bigint), :last) AS n""")

Progress = Callable[[str, int], object]


@dataclass(frozen=True)
class Times:
    """Times of a request through the API, in milliseconds."""

    p50_ms: float
    p99_ms: float


@dataclass(frozen=True)
class ScaleFigures:
    """`requests` of each kind were sent one after another, each for other rows."""

    stock_rows: int
    movements: int
    seed_s: float
    requests: int
    routes: dict[str, Times]


class ScaleFailed(RuntimeError):
    """A request was not answered with 200."""


def measure_scale(rows: int, movements: int, requests: int, progress: Progress, speed: Speed) -> ScaleFigures:
    """Fill a PostgreSQL of its own with rows of stock and movements, and time requests to one API process."""
    with ExitStack() as closing:
        directory = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="baton-bench-")))
        postgres = EmbeddedPostgres(directory)
        closing.callback(postgres.stop)
        postgres.start()
        engine = open_database(postgres.url, connections=1)
        closing.callback(engine.dispose)
        migrate(engine)
        began = time.perf_counter()
        _fill(engine, rows, movements, progress)
        seconds = time.perf_counter() - began
        speed.look()
        key = create_key(sessions(engine), "bench", "staff")
        api = _api(directory, postgres)
        closing.callback(api.stop)
        api.start()
        api.wait_ready()
        headers = {"Authorization": f"Bearer {key}"}
        client = closing.enter_context(httpx2.Client(base_url=api.address, headers=headers, timeout=60))
        routes = {
            name: _measure(client, name, path, requests, progress) for name, path in _routes(rows // LOCATIONS).items()
        }
    return ScaleFigures(rows, movements, round(seconds, 1), requests, routes)


def _fill(engine: Engine, rows: int, movements: int, progress: Progress) -> None:
    """Fill the tables by whole statements, without foreign key checks: the series make them right."""
    numbers = {"locations": LOCATIONS, "skus": rows // LOCATIONS, "rows": rows, "movements": movements}
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in (PLACES, PRODUCTS, STOCK):
            connection.execute(statement, {name: numbers[name] for name in statement.compile().params})
        for first in range(0, movements, CHUNK):
            last = min(first + CHUNK, movements) - 1
            connection.execute(MOVEMENTS, {"locations": LOCATIONS, "rows": rows, "first": first, "last": last})
            progress("movements", last + 1)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text("VACUUM ANALYZE"))


def _api(directory: Path, postgres: EmbeddedPostgres) -> Service:
    ports = choose_ports(free_ports(), {})
    env = environment(directory, postgres.url, ports, 0, {})
    url = f"http://127.0.0.1:{ports['api']}"
    command = [sys.executable, "-m", "api.serve", "--port", str(ports["api"])]
    return Service("api", command, data_dir=directory, env=env, address=url, health_url=f"{url}/healthz")


def _routes(skus: int) -> dict[str, Callable[[], str]]:
    """Functions by name that each return a path with other, random rows at each call."""
    rng = random.Random(0)

    def sku() -> str:
        return f"SKU-{rng.randrange(skus):08}"

    def place() -> str:
        return f"PLACE-{rng.randrange(LOCATIONS)}"

    return {
        "list": lambda: f"/stock?cursor={_cursor(sku())}",
        "list_location": lambda: f"/stock?location={place()}&cursor={_cursor(sku())}",
        "list_stores": lambda: f"/stock?kind=store&cursor={_cursor(sku())}",
        "list_near": lambda: f"/stock?near=30,110&cursor={_cursor(sku())}",
        "view": lambda: f"/stock/{sku()}",
        "view_channel": lambda: f"/stock/{sku()}?channel=tmall",
        "movements": lambda: "/stock/movements",
        "movements_sku": lambda: f"/stock/movements?sku={sku()}",
        "movements_location": lambda: f"/stock/movements?location={place()}",
        "movements_kind": lambda: "/stock/movements?kind=adjusted",
        "products": lambda: f"/products?cursor={_cursor(sku())}",
    }


def _cursor(sku: str) -> str:
    return urlsafe_b64encode(sku.encode()).decode()


def _measure(client: httpx2.Client, name: str, path: Callable[[], str], requests: int, progress: Progress) -> Times:
    times = []
    for number in range(WARM_UP + requests):
        began = time.perf_counter()
        answer = client.get(path())
        times.append(1000 * (time.perf_counter() - began))
        if answer.status_code != httpx2.codes.OK:
            raise ScaleFailed(f"{answer.request.url}: {answer.text[:300]}")
        progress(name, number + 1)
    cuts = quantiles(times[WARM_UP:], n=100, method="inclusive")
    return Times(round(cuts[49], 2), round(cuts[98], 2))
