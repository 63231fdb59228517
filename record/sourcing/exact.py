"""The exact path: the optimum of the same objective by mixed-integer programming, within a time budget."""

from collections.abc import Sequence
from math import inf
from typing import Literal

from domain.sourcing.fast import Solution
from domain.sourcing.objective import Priced, Problem, cost

Entry = tuple[int, float]


class _Rows:
    """The constraints, each with its lower and upper bound."""

    def __init__(self) -> None:
        self.at: list[tuple[int, int, float]] = []
        self.low: list[float] = []
        self.high: list[float] = []

    def add(self, entries: Sequence[Entry], low: float, high: float) -> None:
        row = len(self.low)
        self.at += [(row, column, factor) for column, factor in entries]
        self.low.append(low)
        self.high.append(high)


def solve_exactly(problem: Problem, seconds: float = 10.0) -> Solution | None:
    """Return the optimum, or the best found in time; None when nothing was found or something is short.

    Variables: for each place whether it ships, its started weight steps beyond the first, and its units of each SKU;
    for the order the slowest place's price of hours and of being late.
    """
    if not problem.places:
        return None
    # Imported late: a third of the import time of a worker, and most orders never need it.
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import coo_array

    columns = _Columns(problem)
    rows, places, factors = zip(*columns.rows.at, strict=True)
    table = coo_array((factors, (rows, places)), (len(columns.rows.low), columns.count))
    result = milp(
        columns.prices,
        integrality=columns.whole,
        bounds=Bounds(0.0, columns.most),
        constraints=LinearConstraint(table, columns.rows.low, columns.rows.high),
        options={"time_limit": seconds, "mip_rel_gap": 0.0},
    )
    if result.x is None:
        return None
    assignments = columns.read(result.x.tolist())
    found = cost(problem, assignments)
    return Solution(assignments, found, found if result.status == 0 else min(found, result.mip_dual_bound or 0.0))


class _Columns:
    """The program's columns: two for the slowest place, then a block for each place."""

    def __init__(self, problem: Problem) -> None:
        self._skus, self._places = list(problem.wanted.units), problem.places
        self._block = 2 + len(self._skus)
        self.count = 2 + self._block * len(problem.places)
        self.prices = [0.0] * self.count
        self.whole: list[Literal[0, 1]] = [1] * self.count
        self.most = [inf] * self.count
        self.rows = _Rows()
        self.prices[:2], self.whole[:2] = (1.0, 1.0), (0, 0)
        for number, place in enumerate(problem.places):
            self._add_place(2 + number * self._block, place, problem)
        for at, units in enumerate(problem.wanted.units.values()):
            everywhere = [(2 + number * self._block + 2 + at, 1.0) for number in range(len(problem.places))]
            self.rows.add(everywhere, units, units)
        # Here the split is priced for every parcel, not for every one but the first: the optimum is the same.

    def _add_place(self, ships: int, place: Priced, problem: Problem) -> None:
        wanted, rate = problem.wanted, place.rate
        steps, first = ships + 1, ships + 2
        self.prices[ships] = place.least + problem.split
        self.prices[steps] = place.freight_share * rate.step
        self.most[ships] = 1
        weight: list[Entry] = []
        for at, (sku, units) in enumerate(wanted.units.items(), first):
            has = max(0, min(units, place.candidate.available.get(sku, 0)))
            self.prices[at], self.most[at] = place.unit, has
            weight.append((at, float(wanted.grams.get(sku, 0))))
            self.rows.add([(at, 1.0), (ships, -float(has))], -inf, 0)
        beyond = [(ships, -float(rate.first_grams)), (steps, -float(rate.step_grams)), *weight]
        self.rows.add(beyond, -inf, 0)
        self.rows.add([(0, 1.0), (ships, -place.hours)], 0, inf)
        self.rows.add([(1, 1.0), (ships, -place.late)], 0, inf)

    def read(self, values: Sequence[float]) -> dict[str, dict[str, int]]:
        found: dict[str, dict[str, int]] = {}
        for number, place in enumerate(self._places):
            start = 2 + number * self._block + 2
            units = {sku: whole for at, sku in enumerate(self._skus, start) if (whole := round(values[at])) > 0}
            if units:
                found[place.candidate.location_id] = units
        return found
