"""`baton bench stock`: claims a second and how long each waits, in groups and one transaction a claim, side by side."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from statistics import quantiles

from activities.reserve import Reserve, StockRequest, claim_stock
from commands.bench.claim_record import HOT, SPREAD, place, stocked_record
from record.parameters import ParameterCache
from record.sourcing.outlooks import OutlookCache

CLAIMS = {1: 600, 16: 2_400, 64: 4_800}
"""Claims by the number of claimants, a second or two each; on a slow machine `AT_MOST_SECONDS` end it before."""
AT_MOST_SECONDS = 3.0
ROUNDS = 6
"""Both ways take turns, so that whatever else the machine does meanwhile slows down both."""
NAIVE_SHARE = 3
"""One of so many of them is enough to know the slower way."""
WARM_UP = 200

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
    """What one way has done so far."""

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
        over = began + AT_MOST_SECONDS / ROUNDS

        def timed(order_id: str) -> float | None:
            asked = time.perf_counter()
            if asked > over:
                return None
            claim(order_id)
            return 1000 * (time.perf_counter() - asked)

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
