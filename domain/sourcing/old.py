"""Choosing the locations that ship an order: the nearest that has everything, else a split, else nobody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from domain.regions import official_province


@dataclass(frozen=True, slots=True)
class Candidate:
    """A location and what it may promise to this order, by SKU. Lower `distance` is nearer (see `distance`)."""

    location_id: str
    distance: int
    available: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class SourcingDecision:
    """Units by location and SKU; `short` is what nobody has; `reason` says why, in words."""

    assignments: Mapping[str, Mapping[str, int]]
    short: Mapping[str, int]
    reason: str
    considered: tuple[str, ...] = field(default=())


def distance(location: tuple[str, str], receiver: tuple[str, str], priority: int) -> int:
    """How far a location's (country, province) is from the receiver's: same province, same country, abroad.

    Among equals the location's priority decides, so the figure is comparable but has no unit.
    """
    same_country = location[0] == receiver[0]
    same_province = same_country and official_province(location[1]) == official_province(receiver[1]) != ""
    return (0 if same_province else 1 if same_country else 2) * 1_000_000 + priority


def source(demand: Mapping[str, int], candidates: Sequence[Candidate]) -> SourcingDecision:
    """Decide who ships `demand` (units by SKU). Nothing is assigned unless everything can be."""
    ranked = sorted(candidates, key=lambda candidate: (candidate.distance, candidate.location_id))
    names = tuple(candidate.location_id for candidate in ranked)
    short = {
        sku: missing
        for sku, units in demand.items()
        if (missing := units - sum(max(0, candidate.available.get(sku, 0)) for candidate in ranked)) > 0
    }
    if short:
        return SourcingDecision({}, short, f"{len(short)} SKU short over {len(ranked)} locations", names)
    for candidate in ranked:
        if all(candidate.available.get(sku, 0) >= units for sku, units in demand.items()):
            return SourcingDecision(
                {candidate.location_id: dict(demand)}, {}, f"{candidate.location_id} is the nearest that has all", names
            )
    return _split(demand, ranked, names)


def source_from(
    location_id: str, demand: Mapping[str, int], candidates: Sequence[Candidate]
) -> SourcingDecision | None:
    """The location that an instruction specifies ships everything, or None when it has not everything."""
    for candidate in candidates:
        if candidate.location_id == location_id:
            if any(candidate.available.get(sku, 0) < units for sku, units in demand.items()):
                return None
            return SourcingDecision(
                {location_id: dict(demand)}, {}, f"{location_id} is specified and has all", (location_id,)
            )
    return None


def _split(demand: Mapping[str, int], ranked: Sequence[Candidate], names: tuple[str, ...]) -> SourcingDecision:
    """Give each round to the location that covers most of what is left; nearer ones win ties."""
    left, assignments = dict(demand), dict[str, dict[str, int]]()
    remaining = list(ranked)
    while left:
        best = max(remaining, key=lambda candidate: sum(_covered(candidate, left).values()))
        remaining.remove(best)
        assignments[best.location_id] = covered = _covered(best, left)
        left = {sku: units - covered.get(sku, 0) for sku, units in left.items() if units > covered.get(sku, 0)}
    places = ", ".join(assignments)
    return SourcingDecision(assignments, {}, f"no location has all, so it is split over {places}", names)


def _covered(candidate: Candidate, left: Mapping[str, int]) -> dict[str, int]:
    return {
        sku: given for sku, units in left.items() if (given := min(units, max(0, candidate.available.get(sku, 0)))) > 0
    }
