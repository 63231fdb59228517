"""Stores nearby where the customer may fetch the goods."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.promising import Line, allot
from domain.sourcing.places import distance
from record.promises.goods import Goods
from record.sourcing.needs import Needs
from record.sourcing.shelves import Shelves
from record.sourcing.spots import spot_of

STORE = "store"


@dataclass(frozen=True, slots=True)
class NearbyPlace:
    """`available` are the units of each line that are there, `complete` means all of all lines."""

    location_id: str
    kilometers: float
    available: tuple[int, ...]
    complete: bool
    ready_at: datetime


def near_stores(
    needs: Needs, lines: Sequence[Line], goods: Goods, stock: Shelves, shown: Mapping[str, int]
) -> tuple[NearbyPlace, ...]:
    """Return the stores with any of the lines, the nearest to the receiver first."""
    spot = spot_of(needs.spot)
    found, outlook = list[NearbyPlace](), stock.context.outlook
    for place in stock.context.places.values():
        if place.kind != STORE or place.country != needs.country:
            continue
        there = {sku: min(units, shown.get(sku, 0)) for sku, units in stock.at(needs, place.location_id).items()}
        available = tuple(allot(lines, goods.bundles, there))
        if any(available):
            complete = all(units == quantity for units, (_, quantity) in zip(available, lines, strict=True))
            kilometers = round(distance(place, needs.country, needs.province, spot), 1)
            found.append(NearbyPlace(place.location_id, kilometers, available, complete, outlook.leaves(place)))
    return tuple(sorted(found, key=lambda one: (one.kilometers, one.location_id)))
