"""Lead times learned from delivered parcels, shrunk towards the published days if there are few."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import sqrt

ANY_CARRIER, ANY_DAY = "", 0
PRIOR_SHIPMENTS = 8
"""The estimate of the wider group counts like this many shipments of the narrower one."""
PUBLISHED_SPREAD = 0.25
"""Assumed standard deviation of a published lead time, as a share of it. Carriers publish none, so it is wide."""

Cell = tuple[str, str, str, int]
"""Location, destination region, carrier and ISO weekday of the departure in UTC. The last two may be ANY."""


@dataclass(frozen=True, slots=True)
class Transit:
    """Mean and standard deviation of the hours from handover to delivery, over `shipments`."""

    hours: float
    spread: float
    shipments: int = 0


@dataclass(frozen=True, slots=True)
class LeadTimes:
    """The result of one learning run; version 0 has learned nothing."""

    version: int = 0
    cells: Mapping[Cell, Transit] = field(default_factory=dict)

    def expect(self, location_id: str, region: str, carrier: str, weekday: int, published: float) -> Transit:
        """The expected transit: from the published hours through wider to narrower groups, each shrunk to the one
        before.

        Every step is an empirical-Bayes estimate with a prior of PRIOR_SHIPMENTS: (n·x̄ + k·prior) / (n + k).
        """
        known = Transit(published, published * PUBLISHED_SPREAD)
        for cell in (
            (location_id, region, ANY_CARRIER, ANY_DAY),
            (location_id, region, carrier, ANY_DAY),
            (location_id, region, carrier, weekday),
        ):
            if cell in self.cells:
                known = shrink(self.cells[cell], known)
        return known


def shrink(seen: Transit, prior: Transit) -> Transit:
    """Mean and spread of the mixture of both, with the prior weighing as PRIOR_SHIPMENTS shipments."""
    n, k = seen.shipments, PRIOR_SHIPMENTS
    hours = (n * seen.hours + k * prior.hours) / (n + k)
    squares = n * (seen.spread**2 + (seen.hours - hours) ** 2) + k * (prior.spread**2 + (prior.hours - hours) ** 2)
    return Transit(hours, sqrt(squares / (n + k)), n)


@dataclass(frozen=True, slots=True)
class Delivered:
    """Delivered shipments of one location, region, carrier and weekday: their number, the sum of their hours, and the
    sum of the squared hours.
    """

    location_id: str
    region: str
    carrier: str
    weekday: int
    shipments: int
    hours: float
    squares: float


def learn(delivered: Iterable[Delivered]) -> dict[Cell, Transit]:
    """Mean and standard deviation of every cell and of the wider cells that contain it."""
    sums: dict[Cell, tuple[int, float, float]] = {}
    for one in delivered:
        for carrier, weekday in ((one.carrier, one.weekday), (one.carrier, ANY_DAY), (ANY_CARRIER, ANY_DAY)):
            cell = one.location_id, one.region, carrier, weekday
            n, hours, squares = sums.get(cell, (0, 0.0, 0.0))
            sums[cell] = n + one.shipments, hours + one.hours, squares + one.squares
    return {
        cell: Transit(hours / n, sqrt(max(0.0, squares / n - (hours / n) ** 2)), n)
        for cell, (n, hours, squares) in sums.items()
    }
