"""Freight by zone: the price of the first weight and of each step after it, and the days of transit."""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.money import Money
from domain.regions import official_province

ANYWHERE, SAME_REGION = "*", "="
CUBIC_MM_PER_CUBIC_CM = 1_000


@dataclass(frozen=True, slots=True)
class Zone:
    """One price of a carrier. `origins` and `destinations` are regions (see `region`), countries, `*`, or `=` for the
    same region.

    `first` covers up to `first_grams`, `step` is added for each started `step_grams` more; `days` are days of transit.
    """

    name: str
    origins: frozenset[str]
    destinations: frozenset[str]
    first_grams: int
    first: Money
    step_grams: int
    step: Money
    days: int


@dataclass(frozen=True, slots=True)
class RateTable:
    """The prices of one carrier. The first zone that fits counts.

    `divisor` is how many cubic centimeters count as a kilogram; 0 if volume costs nothing.
    """

    zones: tuple[Zone, ...]
    divisor: int = 0


def region(country: str, province: str) -> str:
    """The name of a place in rate tables: `CN/广东省`, or the country alone if the province is not known."""
    name = official_province(province) if country == "CN" and province else province
    return f"{country}/{name}" if name else country


def zone(table: RateTable, origin_region: str, destination_region: str) -> Zone | None:
    """The zone between two regions, or None if the carrier has no price."""
    origin = {origin_region, origin_region.partition("/")[0], ANYWHERE}
    destination = {destination_region, destination_region.partition("/")[0], ANYWHERE}
    if origin_region == destination_region:
        destination.add(SAME_REGION)
    for one in table.zones:
        if not one.origins.isdisjoint(origin) and not one.destinations.isdisjoint(destination):
            return one
    return None


def freight(table: RateTable, origin_region: str, destination_region: str, weight_grams: int) -> Money | None:
    """The price of one parcel of this chargeable weight, or None if the carrier has no price."""
    found = zone(table, origin_region, destination_region)
    return price(found, weight_grams) if found else None


def price(of: Zone, weight_grams: int) -> Money:
    """First weight plus every started step: 1.2 kg at 1 kg + 1 kg pays one step."""
    steps = -(-max(0, weight_grams - of.first_grams) // of.step_grams)
    return of.first + of.step * steps


def chargeable_grams(weight_grams: int, measures_mm: tuple[int, int, int] | None, divisor: int) -> int:
    """The greater of weight and volume weight (length × width × height ÷ divisor); the weight if nobody measured."""
    if not measures_mm or not divisor:
        return weight_grams
    length, width, height = measures_mm
    cubic_cm = length * width * height / CUBIC_MM_PER_CUBIC_CM
    return max(weight_grams, -int(-cubic_cm * 1_000 // divisor))


def read_rates(value: Mapping[str, Mapping[str, object]]) -> dict[str, RateTable]:
    """Rate tables by carrier, all in one currency, from `{"SF Express": {"currency": "CNY", "divisor": 6000, "zones":
    [{"name", "from", "to", "first_grams", "first", "step_grams", "step", "days"}]}}`. Raises ValueError, KeyError or
    TypeError."""
    if len({table["currency"] for table in value.values()}) > 1:
        raise ValueError("several currencies cannot be compared")
    return {carrier: _table(fields) for carrier, fields in value.items()}


def _table(fields: Mapping[str, object]) -> RateTable:
    zones, currency = fields["zones"], fields["currency"]
    if not isinstance(zones, list) or not zones or not isinstance(currency, str):
        raise ValueError("has no zones or no currency")
    return RateTable(tuple(_zone(one, currency) for one in zones), _whole(fields["divisor"], least=0))


def _zone(fields: Mapping[str, object], currency: str) -> Zone:
    return Zone(
        str(fields["name"]),
        _regions(fields["from"]),
        _regions(fields["to"]),
        _whole(fields["first_grams"]),
        _amount(fields["first"], currency),
        _whole(fields["step_grams"]),
        _amount(fields["step"], currency),
        _whole(fields["days"], least=0),
    )


def _regions(value: object) -> frozenset[str]:
    if not isinstance(value, list) or not all(isinstance(name, str) and name for name in value):
        raise ValueError(f"{value!r} is not a list of regions")
    return frozenset(value)


def _whole(value: object, least: int = 1) -> int:
    if type(value) is not int or not least <= value <= 1_000_000:
        raise ValueError(f"{value!r} is not a whole number from {least} to 1000000")
    return value


def _amount(value: object, currency: str) -> Money:
    amount = Money.parse(str(value), currency)
    if amount.minor_units < 0:
        raise ValueError(f"{value} is below zero")
    return amount
