"""`baton bench stock`: claims a second and their waiting times, in groups and in a transaction for each claim."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from statistics import quantiles

from activities.reserve import Reserve, StockRequest, claim_stock
from commands.bench.claim_record import HOT, SPREAD, place, stocked_record
from commands.bench.speed import Speed
from record.parameters import ParameterCache
from record.sourcing.outlooks import OutlookCache

CLAIMS = {1: 600, 16: 2_400, 64: 4_800}
"""Claims by number of claimants, a second or two each; a slow machine stops after MAX_SECONDS."""
MAX_SECONDS = 3.0
ROUNDS = 6
"""Both ways alternate, so that other load of the machine slows down both."""
NAIVE_SHARE = 3
"""The naive way gets one claim for each of these: it is slower, and fewer are enough to measure it."""
WARM_UP = 200

Progress = Callable[[str], object]
Claim = Callable[[str], object]


@dataclass(frozen=True)
class ClaimFigures:
    """The time of a claim is the wait of its thread for the commit. `ratio` is grouped by naive claims a second."""

    claims_per_s: float
    p50_ms: float
    p99_ms: float
    naive_claims_per_s: float
    ratio: float


StockFigures = dict[str, dict[str, ClaimFigures]]
"""Figures of `hot` and `spread`, each by the number of claimants."""


class Oversold(RuntimeError):
    """A claim got nothing although there is enough for all, so the figures would mean nothing."""


def measure_stock(share: float, progress: Progress, speed: Speed) -> StockFigures:
    """Measure claims of one unit on one SKU and on ten thousand, on a PostgreSQL of its own (fsync on).

    Claimants are threads of this process, as in a worker, each with an order of its own. A naive claim runs the same
    code but commits by itself. `share` scales the usual number of claims.
    """
    counts = {claimants: max(claimants, round(claims * share)) for claimants, claims in CLAIMS.items()}
    with stocked_record(max(counts)) as record:
        outlooks = OutlookCache(ParameterCache())
        reserve = Reserve(record, outlooks)

        def grouped(order_id: str) -> None:
            _must_get_all(reserve.reserve_stock(StockRequest(order_id, 1)).units)

        def naive(order_id: str) -> None:
            with record.begin() as session:
                _must_get_all(claim_stock(session, [StockRequest(order_id, 1)], outlooks)[0].units)

        figures: StockFigures = {}
        for kind, skus in (("hot", [HOT]), ("spread", SPREAD)):
            speed.look()
            progress(f"{kind}: the orders are written")
            enough = sum(claims + claims // NAIVE_SHARE + 2 * ROUNDS for claims in counts.values())
            orders = place(record, kind, skus, 2 * WARM_UP + enough)
            for claim in (naive, grouped):
                _Run().add(claim, list(islice(orders, WARM_UP)), max(counts))
            figures[kind] = {}
            for claimants, claims in counts.items():
                progress(f"{kind}: {claimants} claimants")
                slow, fast = _Run(), _Run()
                for _ in range(ROUNDS):
                    slow.add(naive, list(islice(orders, max(1, claims // NAIVE_SHARE // ROUNDS))), claimants)
                    fast.add(grouped, list(islice(orders, max(1, claims // ROUNDS))), claimants)
                figures[kind][str(claimants)] = _figures(fast, slow)
    return figures


class _Run:
    """The claims that one way has made so far."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.waits: list[float] = []
        """The milliseconds of each claim."""

    @property
    def claims_per_s(self) -> float:
        return len(self.waits) / self.seconds

    def add(self, claim: Claim, orders: Sequence[str], claimants: int) -> None:
        """Claim for these orders, or for as many as there is time for."""
        began = time.perf_counter()
        deadline = began + MAX_SECONDS / ROUNDS

        def timed(order_id: str) -> float | None:
            claimed_at = time.perf_counter()
            if claimed_at > deadline:
                return None
            claim(order_id)
            return 1000 * (time.perf_counter() - claimed_at)

        with ThreadPoolExecutor(claimants) as threads:
            self.waits += [wait for wait in threads.map(timed, orders) if wait is not None]
        self.seconds += time.perf_counter() - began


def _figures(fast: _Run, slow: _Run) -> ClaimFigures:
    cuts = quantiles(fast.waits, n=100)
    ratio = fast.claims_per_s / slow.claims_per_s
    return ClaimFigures(
        round(fast.claims_per_s, 1),
        round(cuts[49], 2),
        round(cuts[98], 2),
        round(slow.claims_per_s, 1),
        round(ratio, 2),
    )


def _must_get_all(units: int) -> None:
    if units != 1:
        raise Oversold(f"a claim of one unit got {units}")
