"""Who may ship an order, and what is known of each: the inputs of a decision, kept with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Rate:
    """What a parcel costs in minor units: `first` up to `first_grams`, then `step` for each begun `step_grams`."""

    first: int = 0
    first_grams: int = 1_000
    step: int = 0
    step_grams: int = 1_000

    def cost(self, grams: float) -> int:
        beyond = grams - self.first_grams
        return self.first if beyond <= 0 else self.first + self.step * -int(-beyond // self.step_grams)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A location and what it may promise to this order, by SKU.

    `hours` is the expected time until the last of its units is at the door, `spread` the standard deviation of that;
    `load` is how much of its capacity of today is used, from 0. A lower `priority` is asked first among equals.
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
    """Units by SKU, and the grams of one unit of each; a SKU that is not there weighs nothing."""

    units: Mapping[str, int]
    grams: Mapping[str, int] = field(default_factory=dict)

    @property
    def total_grams(self) -> int:
        return sum(units * self.grams.get(sku, 0) for sku, units in self.units.items())


Assignments = Mapping[str, Mapping[str, int]]
"""Units by location and SKU."""


def missing(wanted: Wanted, candidates: Mapping[str, Candidate]) -> dict[str, int]:
    """Units by SKU that all of them together have not."""
    return {
        sku: short
        for sku, units in wanted.units.items()
        if (short := units - sum(max(0, one.available.get(sku, 0)) for one in candidates.values())) > 0
    }
