"""Distributes the units over a few chosen locations: the cheapest filling that a few moves find.

It runs hundreds of times for one hard order, so it works on lists: a SKU is its index in the demand.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.sourcing.objective import Priced, Problem

TOLERANCE = 1e-6
"""In minor units. Smaller savings are rounding errors of floating-point sums."""

MAX_IMPROVED_SKUS = 40
"""Orders with more SKUs are not improved: each SKU matters less, and the moves grow with their square."""

Shares = list[list[int]]
"""Units by chosen place and SKU."""


@dataclass(frozen=True, slots=True)
class Lot:
    """The units of the demand that one place has, and its prices: `least` for a parcel up to `first_grams`, `step` for
    each started `step_grams` beyond, `unit` for each unit, and `each`, about the price of one unit of each SKU. `alone`
    is its sort key.
    """

    place: Priced
    has: tuple[int, ...]
    least: float
    first_grams: int
    step: float
    step_grams: int
    unit: float
    hours: float
    late: float
    each: tuple[float, ...]

    @property
    def alone(self) -> tuple[float, float, int, float, str]:
        one = self.place.candidate
        return (self.least + self.hours + self.late, self.unit, one.priority, one.kilometers, one.location_id)


@dataclass(frozen=True, slots=True)
class Demand:
    """Units and grams of a unit of each SKU, and the price of each parcel after the first."""

    skus: tuple[str, ...]
    units: tuple[int, ...]
    grams: tuple[int, ...]
    split: float
    total_units: int
    total_grams: int

    def met_by(self, chosen: Sequence[Lot]) -> bool:
        """True if the chosen places together have everything."""
        if len(chosen) == 1:
            return all(map(int.__ge__, chosen[0].has, self.units))
        together = map(sum, zip(*(lot.has for lot in chosen), strict=True))
        return all(map(int.__ge__, together, self.units))

    def floor(self, chosen: Sequence[Lot]) -> float:
        """A lower bound of the cost if each of the chosen places ships something."""
        least = free = hours = late = 0.0
        unit = per_gram = float("inf")
        for lot in chosen:
            least += lot.least
            free += lot.first_grams
            hours, late = max(hours, lot.hours), max(late, lot.late)
            unit, per_gram = min(unit, lot.unit), min(per_gram, lot.step / lot.step_grams)
        beyond = max(0.0, self.total_grams - free) * per_gram
        return self.split * (len(chosen) - 1) + least + hours + late + unit * self.total_units + beyond


def read_problem(problem: Problem) -> tuple[Demand, list[Lot]]:
    """The problem as lists; the places that are cheapest by themselves come first."""
    wanted = problem.wanted
    skus, units = tuple(wanted.units), tuple(wanted.units.values())
    grams = tuple(wanted.grams.get(sku, 0) for sku in skus)
    demand = Demand(skus, units, grams, problem.split, sum(units), wanted.total_grams)
    lots = [_lot(place, demand) for place in problem.places]
    return demand, sorted([lot for lot in lots if any(lot.has)], key=lambda lot: lot.alone)


def _lot(place: Priced, demand: Demand) -> Lot:
    rate, available = place.rate, place.candidate.available
    step = place.freight_share * rate.step
    return Lot(
        place,
        tuple([max(0, available.get(sku, 0)) for sku in demand.skus]),
        place.least,
        rate.first_grams,
        step,
        rate.step_grams,
        place.unit,
        place.hours,
        place.late,
        tuple([place.unit + step * grams / rate.step_grams for grams in demand.grams]),
    )


def fill(demand: Demand, chosen: Sequence[Lot]) -> tuple[float, Shares]:
    """The cost and the shares of the chosen places, which together must have everything; a share may be empty.

    Each place is tried as the main one, which ships all it has; the others share the rest, the cheapest unit first.
    """
    best: tuple[float, Shares] | None = None
    cheapest = [sorted(range(len(chosen)), key=lambda at: chosen[at].each[sku]) for sku in range(len(demand.units))]
    for main in range(len(chosen) if len(chosen) > 1 else 1):
        shares = [[0] * len(demand.units) for _ in chosen]
        for sku, open_units in enumerate(demand.units):
            shares[main][sku] = taken = min(open_units, chosen[main].has[sku])
            open_units -= taken
            for at in cheapest[sku] if open_units else ():
                if at != main:
                    shares[at][sku] = taken = min(open_units, chosen[at].has[sku])
                    open_units -= taken
        cost = _cost(demand, chosen, shares)
        if best is None or cost < best[0]:
            best = cost, shares
    assert best is not None
    return best


def improve(demand: Demand, chosen: Sequence[Lot], cost: float, shares: Shares) -> tuple[float, Shares]:
    """Move a SKU, or one unit of it, from one place to another, as long as that is cheaper."""
    places, better = range(len(chosen)), len(chosen) > 1 and len(demand.units) <= MAX_IMPROVED_SKUS
    while better:
        better = False
        for sku in range(len(demand.units)):
            for source in places:
                for target in places:
                    spare = chosen[target].has[sku] - shares[target][sku]
                    for units in {min(shares[source][sku], spare), 1}:
                        if source == target or not 0 < units <= min(shares[source][sku], spare):
                            continue
                        _move(shares, sku, source, target, units)
                        now = _cost(demand, chosen, shares)
                        if now < cost - TOLERANCE:
                            cost, better = now, True
                            break
                        _move(shares, sku, target, source, units)
    return cost, shares


def _move(shares: Shares, sku: int, source: int, target: int, units: int) -> None:
    shares[source][sku] -= units
    shares[target][sku] += units


def _cost(demand: Demand, chosen: Sequence[Lot], shares: Shares) -> float:
    """The same cost as `objective.cost_of`."""
    grams, total, parcels, hours, late = demand.grams, 0.0, 0, 0.0, 0.0
    for lot, units in zip(chosen, shares, strict=True):
        count = sum(units)
        if not count:
            continue
        beyond = sum(map(int.__mul__, units, grams)) - lot.first_grams
        parcels += 1
        total += lot.least + lot.unit * count
        if beyond > 0:
            total += lot.step * -(-beyond // lot.step_grams)
        hours, late = max(hours, lot.hours), max(late, lot.late)
    return total + demand.split * (parcels - 1) + hours + late
