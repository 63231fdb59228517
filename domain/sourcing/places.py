"""Locations for sourcing, and the request of an order to them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.calendars import Calendar
from domain.geography import ASSUMED, REGION, Spot
from domain.sourcing.candidates import Wanted
from domain.sourcing.provinces import center_of
from domain.stock.views import SELLABLE, kilometers

# Assumed distances if the coordinates of a place are not known.
SAME_PROVINCE_KM, SAME_COUNTRY_KM, ABROAD_KM = 100.0, 1_500.0, 8_000.0


@dataclass(frozen=True, slots=True)
class Place:
    """A location. `capacity` is units a day (None: no limit). Without a calendar it works day and night."""

    location_id: str
    kind: str
    country: str
    province: str
    priority: int = 100
    point: tuple[float, float] | None = None
    calendar: Calendar | None = None
    capacity: int | None = None
    bonded: bool = False

    @property
    def sells(self) -> bool:
        return self.kind in SELLABLE


@dataclass(frozen=True, slots=True)
class SourcingRequest:
    """The request of an order: wanted units, destination, locations that rejected it before, and requested carrier.

    `dangerous` is the class of dangerous goods by SKU, `cross_border` are SKUs that customs must clear,
    `pickup_location` is the store of a pickup, or empty, and `spot` is where the receiver is, if more is known than the
    province.
    """

    wanted: Wanted
    country: str
    province: str
    rejected: frozenset[str] = frozenset()
    carrier: str = ""
    dangerous: Mapping[str, str] = field(default_factory=dict)
    cross_border: frozenset[str] = frozenset()
    pickup_location: str = ""
    spot: Spot | None = None

    @property
    def measured_by(self) -> str:
        """What distances are measured by; ASSUMED if nothing is known of where the receiver is."""
        return self.spot.by if self.spot else REGION if center_of(self.country, self.province) else ASSUMED


def distance(place: Place, country: str, province: str, spot: Spot | None = None) -> float:
    """Kilometers to the receiver, by coordinates: the `spot` if it is known, else those of the capital of the province.
    In China a place without coordinates counts as at the capital of its province."""
    here = place.point or center_of(place.country, place.province)
    there = spot.point if spot else center_of(country, province)
    if here and there:
        return kilometers(here, there)
    if place.country != country:
        return ABROAD_KM
    return SAME_PROVINCE_KM if place.province == province != "" else SAME_COUNTRY_KM
