"""Which carrier takes a parcel: those that may, best first, each with why; and the others, each with why not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from domain import freight
from domain.freight import RateTable
from domain.money import Money
from domain.parameters import ANYWHERE, Carrier

Measures = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Box:
    """A packed parcel: grams, and length, width and height in millimeters where somebody measured."""

    weight_grams: int
    measures_mm: Measures | None = None


@dataclass(frozen=True, slots=True)
class Consignment:
    """What is to be carried from one (country, province) to another, as far as the choice of a carrier goes.

    `dangerous` are classes of goods, `wish` is who is asked for by the customer or by a rule of staff. A promise gives
    `within_days`, and `urgent` puts speed before price.
    """

    origin: tuple[str, str]
    destination: tuple[str, str]
    boxes: tuple[Box, ...]
    channels: frozenset[str] = frozenset()
    dangerous: frozenset[str] = frozenset()
    wish: str = ""
    within_days: int | None = None
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Offer:
    """One carrier for one consignment. `price` and `days` are None where nothing is on record; `why` is in words."""

    carrier: str
    by: str
    eligible: bool
    why: str
    price: Money | None = None
    days: int | None = None


def rank(carriers: Sequence[Carrier], rates: Mapping[str, RateTable], wanted: Consignment) -> list[Offer]:
    """Every carrier, those that may first: who is asked for, then who is in time, then the cheapest, then the fastest.

    Where it is urgent the fastest comes before the cheapest.
    """
    offers = [_offer(carrier, rates.get(carrier.name), wanted) for carrier in carriers]
    return sorted(offers, key=lambda offer: _order(offer, wanted))


def _offer(carrier: Carrier, table: RateTable | None, wanted: Consignment) -> Offer:
    start, end = freight.region(*wanted.origin), freight.region(*wanted.destination)
    zone = freight.zone(table, start, end) if table else None
    if reason := _refusal(carrier, wanted) or (f"has no rate from {start} to {end}" if table and not zone else ""):
        return Offer(carrier.name, carrier.by, eligible=False, why=reason)
    if table is None or zone is None:
        return Offer(carrier.name, carrier.by, eligible=True, why=_words(carrier.name, wanted, "no rate on record", 0))
    price = _price(table, zone, wanted.boxes)
    told = f"{price.text} {price.currency} in the zone {zone.name}, {zone.days} days"
    why = _words(carrier.name, wanted, told, zone.days)
    return Offer(carrier.name, carrier.by, eligible=True, why=why, price=price, days=zone.days)


def _refusal(carrier: Carrier, wanted: Consignment) -> str:
    """Why it may not be asked, or nothing."""
    country, province = wanted.destination
    heaviest = max((box.weight_grams for box in wanted.boxes), default=0)
    if not carrier.reaches(country, province):
        return f"does not go to {freight.region(country, province)}"
    if refused := sorted(wanted.dangerous - carrier.dangerous_goods):
        return f"does not take goods of the class {', '.join(refused)}"
    if carrier.max_grams and heaviest > carrier.max_grams:
        return f"takes {carrier.max_grams} g at most, and a parcel weighs {heaviest} g"
    if ANYWHERE not in carrier.channels and (others := sorted(wanted.channels - carrier.channels)):
        return f"is not used for {', '.join(others)}"
    return ""


def _price(table: RateTable, zone: freight.Zone, boxes: Sequence[Box]) -> Money:
    """Each parcel pays for itself."""
    total = Money(0, zone.first.currency)
    for box in boxes:
        total += freight.price(zone, freight.chargeable_grams(box.weight_grams, box.measures_mm, table.divisor))
    return total


def _words(name: str, wanted: Consignment, told: str, days: int) -> str:
    late = f", {_late(days, wanted)} days late" if _late(days, wanted) else ""
    return f"{told}{late}{', asked for' if name == wanted.wish else ''}"


def _late(days: int, wanted: Consignment) -> int:
    return 0 if wanted.within_days is None else max(0, days - wanted.within_days)


def _order(offer: Offer, wanted: Consignment) -> tuple[object, ...]:
    price = (offer.price is None, offer.price.minor_units if offer.price else 0)
    days = (offer.days is None, offer.days or 0)
    speed_first = (days, price) if wanted.urgent else (price, days)
    wished = offer.carrier == wanted.wish
    return (not offer.eligible, not wished, _late(offer.days or 0, wanted), *speed_first, offer.carrier)
