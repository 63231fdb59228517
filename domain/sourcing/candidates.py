"""The locations that may ship an order, with everything that a decision is based on. Kept with the decision."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Rate:
    """Price of a parcel in minor units: `first` up to `first_grams`, then `step` for each started `step_grams`."""

    first: int = 0
    first_grams: int = 1_000
    step: int = 0
    step_grams: int = 1_000

    def cost(self, grams: float) -> int:
        beyond = grams - self.first_grams
        return self.first if beyond <= 0 else self.first + self.step * -int(-beyond // self.step_grams)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A location and the units that it may promise to this order, by SKU.

    `hours` is the expected time until its last unit is delivered, `spread` the standard deviation of that. `load` is
    the used share of today's capacity, from 0. Among equal candidates a lower `priority` wins, then the nearer one.
    """

    location_id: str
    available: Mapping[str, int]
    kind: str = "warehouse"
    priority: int = 100
    kilometers: float = 0.0
    carrier: str = ""
    rate: Rate = field(default=Rate())
    hours: float = 0.0
    spread: float = 0.0
    load: float = 0.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """Units by SKU, and the grams of one unit of each; an absent SKU weighs nothing."""

    units: Mapping[str, int]
    grams: Mapping[str, int] = field(default_factory=dict)

    @property
    def total_grams(self) -> int:
        return sum(units * self.grams.get(sku, 0) for sku, units in self.units.items())


Assignments = Mapping[str, Mapping[str, int]]
"""Units by location and SKU."""


def missing(wanted: Wanted, candidates: Mapping[str, Candidate]) -> dict[str, int]:
    """Units by SKU that all candidates together do not have."""
    return {
        sku: short
        for sku, units in wanted.units.items()
        if (short := units - sum(max(0, one.available.get(sku, 0)) for one in candidates.values())) > 0
    }
