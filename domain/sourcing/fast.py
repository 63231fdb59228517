"""The fast solver: the best single location if it is provably the optimum, else a split that is improved step by
step."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from domain.sourcing.candidates import Assignments
from domain.sourcing.filling import TOLERANCE, Demand, Lot, Shares, fill, improve, read_problem
from domain.sourcing.objective import Problem

NOTHING_FOUND = float("inf")
MAX_PLACES = 24
MAX_FILLS, MIN_FILLS = 120, 8
"""Sets of locations that each of the two searches may fill: MAX_FILLS up to ten SKUs, fewer the more SKUs there are."""


@dataclass(frozen=True, slots=True)
class Solution:
    """An assignment, its cost, and a lower bound for every assignment. If `bound` equals `cost` it is the optimum."""

    assignments: Assignments
    cost: float
    bound: float


def solve(problem: Problem) -> Solution | None:
    """The cheapest assignment found; None if all places together do not have everything.

    Among equals the lower priority wins, then the nearer location, then its id.
    """
    demand, lots = read_problem(problem)
    cost, single = _best_single(demand, lots)
    bound = _least_split(demand, lots)
    if single and cost <= bound:
        return Solution({single.place.candidate.location_id: dict(problem.wanted.units)}, cost, cost)
    if not lots or not demand.met_by(lots):
        return None
    chosen = (single,) if single else _greedy(demand, lots)
    # Of many places only consider the best ones by themselves, and those that have what the others lack.
    lots = [*lots[:MAX_PLACES], *(lot for lot in chosen if lot not in lots[:MAX_PLACES])]
    chosen = _best_pair(demand, lots, fill(demand, chosen)[0]) or chosen
    cost, chosen, shares = _climb(demand, lots, chosen)
    cost, shares = improve(demand, chosen, cost, shares)
    return Solution(_named(demand, chosen, shares), cost, min(bound, cost))


def _best_single(demand: Demand, lots: Sequence[Lot]) -> tuple[float, Lot | None]:
    best, cost = None, NOTHING_FOUND
    for lot in lots:
        if lot.alone[0] > cost:
            break
        if not demand.met_by((lot,)):
            continue
        floor = lot.alone[0] + lot.unit * demand.total_units
        now = floor + lot.step * max(0, -((lot.first_grams - demand.total_grams) // lot.step_grams))
        if best is None or (now, _tie_breaker(lot)) < (cost, _tie_breaker(best)):
            best, cost = lot, now
    return cost, best


def _tie_breaker(lot: Lot) -> tuple[int, float, str]:
    one = lot.place.candidate
    return one.priority, one.kilometers, one.location_id


def _least_split(demand: Demand, lots: Sequence[Lot]) -> float:
    """A lower bound for every split: two parcels, the cheapest openings, the fastest place, the cheapest units and
    grams."""
    if len(lots) < 2:
        return NOTHING_FOUND
    leasts, free = sorted(lot.least for lot in lots), max(lot.first_grams for lot in lots)
    per_gram = min(lot.step / lot.step_grams for lot in lots)
    # If another parcel costs more than its free first weight is worth, two parcels give the most free weight.
    beyond = max(0, demand.total_grams - 2 * free) if demand.split + leasts[0] >= free * per_gram else 0
    return (
        demand.split
        + sum(leasts[:2])
        + min(lot.unit for lot in lots) * demand.total_units
        + min(lot.hours for lot in lots)
        + min(lot.late for lot in lots)
        + beyond * per_gram
    )


def _best_pair(demand: Demand, lots: Sequence[Lot], cost: float) -> tuple[Lot, ...] | None:
    """The cheapest two locations that together have everything, if they cost less than `cost`."""
    lots = _promising(demand, lots, 2, cost)
    floors = [(floor, pair) for pair in _pairs(demand, lots) if (floor := demand.floor(pair)) < cost]
    best = None
    for floor, pair in sorted(floors, key=lambda found: found[0])[: _fill_budget(demand)]:
        if floor >= cost:
            break
        if (now := fill(demand, pair)[0]) < cost - TOLERANCE:
            best, cost = pair, now
    return best


def _promising(demand: Demand, lots: Sequence[Lot], parcels: int, cost: float) -> list[Lot]:
    """The locations that could be part of a cheaper solution of `parcels` or more: the other parcels cost at least the
    cheapest opening each."""
    least = min(lot.least for lot in lots)
    others = (parcels - 1) * (demand.split + least) + min(lot.unit for lot in lots) * demand.total_units
    return [lot for lot in lots if lot.alone[0] + others < cost]


def _pairs(demand: Demand, lots: Sequence[Lot]) -> Iterator[tuple[Lot, Lot]]:
    return (pair for pair in combinations(lots, 2) if demand.met_by(pair))


def _greedy(demand: Demand, lots: Sequence[Lot]) -> tuple[Lot, ...]:
    """Add the location that ships most of the open units for its price, until all units are covered."""
    open_units, chosen, remaining = list(demand.units), list[Lot](), list(lots)
    while any(open_units):
        best = max(remaining, key=lambda lot: sum(map(min, open_units, lot.has)) / (demand.split + lot.least + 1))
        remaining.remove(best)
        chosen.append(best)
        open_units = [max(0, units - has) for units, has in zip(open_units, best.has, strict=True)]
    return tuple(chosen)


def _climb(demand: Demand, lots: Sequence[Lot], chosen: tuple[Lot, ...]) -> tuple[float, tuple[Lot, ...], Shares]:
    """Drop, exchange or add one location, as long as that is cheaper."""
    cost, shares = fill(demand, chosen)
    fills, better = _fill_budget(demand), True
    while better and fills:
        better = False
        for neighbor in _neighbors(_promising(demand, lots, len(chosen), cost), chosen):
            if demand.floor(neighbor) >= cost or not demand.met_by(neighbor):
                continue
            fills -= 1
            now, filled = fill(demand, neighbor)
            if now < cost - TOLERANCE:
                cost, chosen, shares, better = now, neighbor, filled, True
                break
            if not fills:
                break
    return cost, chosen, shares


def _fill_budget(demand: Demand) -> int:
    return max(MIN_FILLS, MAX_FILLS * 10 // max(10, len(demand.skus)))


def _neighbors(lots: Sequence[Lot], chosen: tuple[Lot, ...]) -> Iterator[tuple[Lot, ...]]:
    for at in range(len(chosen) if len(chosen) > 1 else 0):
        yield chosen[:at] + chosen[at + 1 :]
    others = [lot for lot in lots if lot not in chosen]
    for at in range(len(chosen)):
        for other in others:
            yield (*chosen[:at], other, *chosen[at + 1 :])
    for other in others:
        yield (*chosen, other)


def _named(demand: Demand, chosen: Sequence[Lot], shares: Shares) -> dict[str, dict[str, int]]:
    """Units by location and SKU."""
    named = {
        lot.place.candidate.location_id: {sku: units for sku, units in zip(demand.skus, counts, strict=True) if units}
        for lot, counts in zip(chosen, shares, strict=True)
    }
    return {location: units for location, units in named.items() if units}
