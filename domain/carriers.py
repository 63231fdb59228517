"""Choosing a carrier for a parcel: the eligible ones, best first, then the others, each with the reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from domain import freight
from domain.freight import RateTable
from domain.money import Money
from domain.parameters import ANYWHERE, BY_TMS, Carrier

Measures = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Box:
    """A packed parcel: grams; length, width and height in millimeters if somebody measured them."""

    weight_grams: int
    measures_mm: Measures | None = None


@dataclass(frozen=True, slots=True)
class Consignment:
    """What matters for the choice of a carrier: boxes from one (country, province) to another.

    `dangerous` are classes of dangerous goods, `wish` is the carrier that the customer or a rule of staff asked for.
    `within_days` comes from the promise to the customer; `urgent` puts speed before price.
    """

    origin: tuple[str, str]
    destination: tuple[str, str]
    boxes: tuple[Box, ...]
    channels: frozenset[str] = frozenset()
    dangerous: frozenset[str] = frozenset()
    wish: str = ""
    within_days: int | None = None
    urgent: bool = False
    collected_by: frozenset[str] | None = None
    """The carriers that may collect the customer's money, empty for all; None if none is to be collected."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One carrier for one consignment. `price` and `days` are None if its rates are not known; `why` is for people."""

    carrier: str
    by: str
    eligible: bool
    why: str
    price: Money | None = None
    days: int | None = None


def rank(carriers: Sequence[Carrier], rates: Mapping[str, RateTable], wanted: Consignment) -> list[Offer]:
    """Every carrier, the eligible ones first: the one asked for, then those in time, then the cheapest, then the
    fastest.

    If the consignment is urgent the fastest comes before the cheapest.
    """
    offers = [_offer(carrier, rates.get(carrier.name), wanted) for carrier in carriers]
    return sorted(offers, key=lambda offer: _rank_key(offer, wanted))


def _offer(carrier: Carrier, table: RateTable | None, wanted: Consignment) -> Offer:
    start, end = freight.region(*wanted.origin), freight.region(*wanted.destination)
    zone = freight.zone(table, start, end) if table else None
    if reason := _refusal(carrier, wanted) or (f"has no rate from {start} to {end}" if table and not zone else ""):
        return Offer(carrier.name, carrier.by, eligible=False, why=reason)
    if table is None or zone is None:
        return Offer(carrier.name, carrier.by, eligible=True, why=_reason(carrier.name, wanted, "no rate on record", 0))
    price = _price(table, zone, wanted.boxes)
    offered = f"{price.text} {price.currency} in the zone {zone.name}, {zone.days} days"
    why = _reason(carrier.name, wanted, offered, zone.days)
    return Offer(carrier.name, carrier.by, eligible=True, why=why, price=price, days=zone.days)


def _refusal(carrier: Carrier, wanted: Consignment) -> str:
    """Why the carrier is not eligible, or empty."""
    country, province = wanted.destination
    heaviest = max((box.weight_grams for box in wanted.boxes), default=0)
    if not carrier.reaches(country, province):
        return f"does not go to {freight.region(country, province)}"
    if refused := sorted(wanted.dangerous - carrier.dangerous_goods):
        return f"does not take goods of the class {', '.join(refused)}"
    if carrier.max_grams and heaviest > carrier.max_grams:
        return f"takes {carrier.max_grams} g at most, and a parcel weighs {heaviest} g"
    if wanted.collected_by is not None and (reason := _no_collector(carrier, wanted.collected_by)):
        return reason
    if ANYWHERE not in carrier.channels and (others := sorted(wanted.channels - carrier.channels)):
        return f"is not used for {', '.join(others)}"
    return ""


def _no_collector(carrier: Carrier, collectors: frozenset[str]) -> str:
    # Only the format of the TMS has a field for the amount.
    able = carrier.by == BY_TMS and (not collectors or carrier.name in collectors)
    return "" if able else "does not collect money from customers"


def _price(table: RateTable, zone: freight.Zone, boxes: Sequence[Box]) -> Money:
    """Every box is charged by itself."""
    total = Money(0, zone.first.currency)
    for box in boxes:
        total += freight.price(zone, freight.chargeable_grams(box.weight_grams, box.measures_mm, table.divisor))
    return total


def _reason(name: str, wanted: Consignment, offered: str, days: int) -> str:
    late = f", {_days_late(days, wanted)} days late" if _days_late(days, wanted) else ""
    return f"{offered}{late}{', asked for' if name == wanted.wish else ''}"


def _days_late(days: int, wanted: Consignment) -> int:
    return 0 if wanted.within_days is None else max(0, days - wanted.within_days)


def _rank_key(offer: Offer, wanted: Consignment) -> tuple[object, ...]:
    price = (offer.price is None, offer.price.minor_units if offer.price else 0)
    days = (offer.days is None, offer.days or 0)
    speed_first = (days, price) if wanted.urgent else (price, days)
    wished = offer.carrier == wanted.wish
    return (not offer.eligible, not wished, _days_late(offer.days or 0, wanted), *speed_first, offer.carrier)
