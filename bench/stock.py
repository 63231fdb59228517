"""`baton bench stock`: claims a second and how long each waits, in groups and one transaction a claim, side by side."""

import gc
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import quantiles

from activities.reserve import Reserve, StockRequest, claim_stock
from bench.shop import order_body
from commands.seed import LOCATIONS, Shop, stock_shop
from embedded.postgres import EmbeddedPostgres
from intake.order_rows import new_order
from intake.order_writer import OrderWriter
from integrations.channels import plain
from models.database import Sessions, open_database, sessions
from models.schema import migrate

CLAIMS = {1: 600, 16: 2_400, 64: 4_800}
"""Claims by the number of claimants, a second or two each; on a slow machine `AT_MOST_SECONDS` end it before."""
AT_MOST_SECONDS = 3.0
NAIVE_SHARE = 3
"""One of so many of them is enough to know the slower way."""
WARM_UP = 200
SPREAD_SKUS = 10_000
HOT = "HOT-LANTERN"
AT_ONCE = 500

Progress = Callable[[str], object]
Claim = Callable[[str], object]


@dataclass(frozen=True)
class ClaimFigures:
    """The time of a claim is what its own thread waits for the commit. `ratio` is groups by naive, claims a second."""

    claims_per_s: float
    p50_ms: float
    p99_ms: float
    naive_claims_per_s: float
    ratio: float


StockFigures = dict[str, dict[str, ClaimFigures]]
"""`hot` and `spread`, and in each the number of claimants."""


class Oversold(RuntimeError):
    """A claim got nothing though there is enough for all, so that not the work was measured that was meant."""


def measure_stock(share: float, progress: Progress) -> StockFigures:
    """Claims of one unit each on one SKU and on ten thousand, on a PostgreSQL of its own (fsync on); all of it is taken
    down again. `share` of the usual number of claims is measured.

    Claimants are threads of this process, as in a worker, each with an order of its own. Naive is the same claim by
    the same code, but each commits by itself.
    """
    counts = {claimants: max(claimants, round(claims * share)) for claimants, claims in CLAIMS.items()}
    with _record(max(counts)) as record:
        reserve = Reserve(record)

        def grouped(order_id: str) -> None:
            _must_get_all(reserve.reserve_stock(StockRequest(order_id, 1)).units)

        def naive(order_id: str) -> None:
            with record.begin() as session:
                _must_get_all(claim_stock(session, [StockRequest(order_id, 1)])[0].units)

        figures: StockFigures = {}
        for kind, skus in (("hot", [HOT]), ("spread", [_sku(number) for number in range(SPREAD_SKUS)])):
            progress(f"{kind}: the orders are written")
            both = sum(claims + claims // NAIVE_SHARE for claims in counts.values())
            orders = _place(record, kind, skus, 2 * WARM_UP + both)
            for claim in (naive, grouped):
                _run(claim, list(islice(orders, WARM_UP)), max(counts))
            figures[kind] = {}
            for claimants, claims in counts.items():
                progress(f"{kind}: {claimants} claimants")
                alone, _ = _run(naive, list(islice(orders, claims // NAIVE_SHARE)), claimants)
                together, waits = _run(grouped, list(islice(orders, claims)), claimants)
                figures[kind][str(claimants)] = _figures(together, waits, alone)
    return figures


def _run(claim: Claim, orders: Sequence[str], claimants: int) -> tuple[float, list[float]]:
    """Claims a second, and the milliseconds of each."""
    began = time.perf_counter()
    over = began + AT_MOST_SECONDS

    def timed(order_id: str) -> float | None:
        asked = time.perf_counter()
        if asked > over:
            return None
        claim(order_id)
        return 1000 * (time.perf_counter() - asked)

    with ThreadPoolExecutor(claimants) as threads:
        waits = [wait for wait in threads.map(timed, orders) if wait is not None]
    return len(waits) / (time.perf_counter() - began), waits


def _figures(together: float, waits: Sequence[float], alone: float) -> ClaimFigures:
    cuts = quantiles(waits, n=100)
    return ClaimFigures(
        round(together, 1), round(cuts[49], 2), round(cuts[98], 2), round(alone, 1), round(together / alone, 2)
    )


def _must_get_all(units: int) -> None:
    if units != 1:
        raise Oversold(f"a claim of one unit got {units}")


@contextmanager
def _record(claimants: int) -> Iterator[Sessions]:
    with ExitStack() as closing:
        directory = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="baton-bench-")))
        postgres = EmbeddedPostgres(directory)
        closing.callback(postgres.stop)
        postgres.start()
        engine = open_database(postgres.url, connections=claimants + 1)
        closing.callback(engine.dispose)
        migrate(engine)
        record = sessions(engine)
        enough = 2 * sum(CLAIMS.values())
        skus = [HOT, *(_sku(number) for number in range(SPREAD_SKUS))]
        place = str(LOCATIONS[0]["location_id"])
        with record.begin() as session:
            stock_shop(session, Shop({sku: sku for sku in skus}, LOCATIONS, {(sku, place): enough for sku in skus}))
        # As the worker has it.
        gc.set_threshold(50_000, 20, 100)
        gc.freeze()
        yield record


def _place(record: Sessions, kind: str, skus: Sequence[str], orders: int) -> Iterator[str]:
    """Write orders of one unit each, the SKUs in turn, and give their ids."""
    writer, names = OrderWriter(record), list[str]()
    for first in range(0, orders, AT_ONCE):
        bodies = [
            order_body(f"{kind}-{number:06}", number)
            | {"lines": [{"sku": skus[number % len(skus)], "quantity": 1, "unit_price": "45.00"}]}
            | {"totals": {"grand_total": "45.00"}}
            for number in range(first, min(first + AT_ONCE, orders))
        ]
        new = [new_order(plain.translate(body).order, "bench") for body in bodies]
        writer(new)
        names += [order.order_id for order in new]
    return iter(names)


def _sku(number: int) -> str:
    return f"SILK-LANTERN-{number:05}"
