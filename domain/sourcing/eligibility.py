"""Decides which locations may ship an order, and why the others may not."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from domain.sourcing.candidates import Candidate, missing
from domain.sourcing.outlook import Outlook
from domain.sourcing.places import Place, SourcingRequest, distance


@dataclass(frozen=True, slots=True)
class CandidateSet:
    """The candidates by location, the reason for each location with stock that is not one, and the units that
    locations keep as their buffer, by location and SKU."""

    candidates: Mapping[str, Candidate]
    excluded: Mapping[str, str] = field(default_factory=dict)
    buffered: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    measured_by: str = ""
    """What the distances were measured by (domain/geography.py)."""


def _virtual(place: Place, asked: SourcingRequest, outlook: Outlook) -> str:
    return "" if place.sells else "nothing is promised from a virtual location"


def _rejected(place: Place, asked: SourcingRequest, outlook: Outlook) -> str:
    return "it did not take this order before" if place.location_id in asked.rejected else ""


def _elsewhere(place: Place, asked: SourcingRequest, outlook: Outlook) -> str:
    fetched = asked.pickup_location
    return "" if fetched in ("", place.location_id) else f"the customer fetches it at {fetched}"


def _full(place: Place, asked: SourcingRequest, outlook: Outlook) -> str:
    used = outlook.used.get(place.location_id, 0)
    full = place.capacity is not None and used >= place.capacity
    return f"its day is full: {used} of {place.capacity} units" if full else ""


Exclusion = Callable[[Place, SourcingRequest, Outlook], str]
NEVER: tuple[Exclusion, ...] = (_virtual, _rejected, _elsewhere)
IF_OTHERS_CAN: tuple[Exclusion, ...] = (_full,)
"""Exclusions that are ignored if no other location has the goods. The same holds for a location without a carrier,
since a person may have released the order."""
NOTHING_BUFFERED: Mapping[str, Mapping[str, int]] = {}


def consider(
    asked: SourcingRequest,
    stock: Mapping[str, Mapping[str, int]],
    places: Mapping[str, Place],
    outlook: Outlook,
    buffered: Mapping[str, Mapping[str, int]] = NOTHING_BUFFERED,
) -> CandidateSet:
    """Sort the locations with stock (units by location and SKU, without `buffered` ones) into candidates and excluded
    ones. Locations that are not among `places` are ignored."""
    candidates, spare, excluded = dict[str, Candidate](), dict[str, Candidate](), dict[str, str]()
    classes = frozenset(asked.dangerous.values())
    for location, units in stock.items():
        place = places.get(location)
        if place is None:
            continue
        never = _first(NEVER, place, asked, outlook)
        available, barred = _available(place, asked, units)
        if never or not available:
            excluded[location] = never or barred or _kept(place, buffered) or "it has none of the goods"
            continue
        kilometers, journeys = outlook.journeys(place, asked.country, asked.province)
        if asked.spot:
            # To a kilometer, so that nobody reads from several distances where the receiver lives.
            kilometers = float(round(distance(place, asked.country, asked.province, asked.spot)))
        best = outlook.best(journeys, asked, classes)
        reluctant = _first(IF_OTHERS_CAN, place, asked, outlook) or ("" if best else _no_carrier(asked, classes))
        one = Candidate(location, available, place.kind, place.priority, kilometers)
        if best:
            load = outlook.used.get(location, 0) / place.capacity if place.capacity else 0.0
            one = Candidate(
                *(location, available, place.kind, place.priority, kilometers),
                *(best.carrier.name, best.rate, best.hours, best.spread, load),
            )
        (spare if reluctant else candidates)[location] = one
        if reluctant:
            excluded[location] = reluctant
    if spare and missing(asked.wanted, candidates):
        for location in spare:
            del excluded[location]
        candidates |= spare
    return CandidateSet(candidates, excluded, buffered, asked.measured_by)


def _available(place: Place, asked: SourcingRequest, units: Mapping[str, int]) -> tuple[dict[str, int], str]:
    """Units by SKU that the location may ship, and why not the rest. Goods that customs must clear have to ship from a
    bonded location or from abroad.
    """
    there = {sku: number for sku in asked.wanted.units if (number := units.get(sku, 0)) > 0}
    if place.bonded or place.country != asked.country or asked.cross_border.isdisjoint(there):
        return there, ""
    cleared = {sku: number for sku, number in there.items() if sku not in asked.cross_border}
    return cleared, "it is not bonded, and customs must clear the goods"


def _kept(place: Place, buffered: Mapping[str, Mapping[str, int]]) -> str:
    units = sum(buffered.get(place.location_id, {}).values())
    return f"{units} kept for the {place.kind}" if units else ""


def _no_carrier(asked: SourcingRequest, classes: Iterable[str]) -> str:
    goods = f" with {', '.join(sorted(classes))}" if classes else ""
    return f"no carrier goes from there to {' '.join(filter(None, (asked.country, asked.province)))}{goods}"


def _first(exclusions: Iterable[Exclusion], place: Place, asked: SourcingRequest, outlook: Outlook) -> str:
    for exclusion in exclusions:
        if why := exclusion(place, asked, outlook):
            return why
    return ""
