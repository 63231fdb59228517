"""The objective: what an assignment of an order costs, in minor units. Both solvers serve it."""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.sourcing.candidates import Assignments, Candidate, Rate, Wanted
from domain.sourcing.terms import FREE, late, lead_time, load
from domain.sourcing.weights import Weights


@dataclass(frozen=True, slots=True)
class Priced:
    """The prices of a candidate under one policy: `opening` if it ships anything, `unit` for each unit, its freight
    `rate` times `freight_share`, and `hours` and `late`, of which only the largest among the parcels counts.
    """

    candidate: Candidate
    opening: float
    unit: float
    rate: Rate
    freight_share: float
    hours: float
    late: float

    def freight(self, grams: float) -> float:
        return self.freight_share * self.rate.cost(grams)

    @property
    def least(self) -> float:
        """The lowest price for any part in an order."""
        return self.opening + self.freight_share * self.rate.first


@dataclass(frozen=True, slots=True)
class Problem:
    """Which of `places` ship `wanted`? `split` is the price of each parcel after the first."""

    wanted: Wanted
    places: tuple[Priced, ...]
    split: float


def price(candidate: Candidate, weights: Weights) -> Priced:
    """The prices of a candidate under the balanced objective."""
    handling, share = weights.processing.get(candidate.kind, FREE), weights.share
    return Priced(
        candidate,
        opening=share("processing") * handling.order + share("load") * load(candidate, 0, 0, weights),
        unit=share("processing") * handling.unit,
        rate=candidate.rate,
        freight_share=share("freight"),
        hours=share("lead_time") * lead_time(candidate, 0, 0, weights),
        late=share("late") * late(candidate, 0, 0, weights),
    )


def cost(problem: Problem, assignments: Assignments) -> float:
    """The cost of the assignment by the problem's prices. Does not check that it is possible."""
    places = {place.candidate.location_id: place for place in problem.places}
    return cost_of([(places[name], units) for name, units in assignments.items()], problem)


def cost_of(parcels: list[tuple[Priced, Mapping[str, int]]], problem: Problem) -> float:
    """The cost of parcels given as (place, units by SKU)."""
    if not parcels:
        return 0.0
    grams = problem.wanted.grams
    total = problem.split * (len(parcels) - 1)
    for place, units in parcels:
        weight = sum(number * grams.get(sku, 0) for sku, number in units.items())
        total += place.opening + place.unit * sum(units.values()) + place.freight(weight)
    return total + max(place.hours for place, _ in parcels) + max(place.late for place, _ in parcels)
