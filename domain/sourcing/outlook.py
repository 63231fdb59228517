"""The shipping conditions of a moment: when goods leave a location, by which carrier, at what price, and when they
arrive."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from domain.freight import RateTable, region, zone
from domain.parameters import ANYWHERE, Carrier
from domain.sourcing.candidates import Rate
from domain.sourcing.lead_times import LeadTimes
from domain.sourcing.places import Place, SourcingRequest, distance
from domain.sourcing.weights import Weights

DAYS_WITHOUT_A_PRICE = 3
"""Assumed days of transit for a carrier without rates."""
HOURS_OF_WORK = timedelta(hours=2)
"""From the order to the handover at a place without a calendar."""
NO_CARRIER_KNOWN = Carrier("", frozenset({ANYWHERE}), frozenset(), frozenset())


@dataclass(frozen=True, slots=True)
class Journey:
    """A parcel by one carrier: its price, and the hours from now until the delivery with their standard deviation."""

    carrier: Carrier
    rate: Rate
    priced: bool
    hours: float
    spread: float


@dataclass(frozen=True, slots=True)
class Outlook:
    """The conditions of one moment. Rebuilt every few seconds; its cached journeys serve many orders.

    `used` are the units by location of today's fulfillment orders.
    """

    at: datetime
    weights: Weights
    carriers: tuple[Carrier, ...] = ()
    rates: Mapping[str, RateTable] = field(default_factory=dict)
    lead_times: LeadTimes = field(default=LeadTimes())
    used: Mapping[str, int] = field(default_factory=dict)
    _journeys: dict[tuple[str, str, str], tuple[float, list[Journey]]] = field(default_factory=dict, repr=False)
    _leaving: dict[tuple[str, datetime], datetime] = field(default_factory=dict, repr=False)

    def journeys(self, place: Place, country: str, province: str) -> tuple[float, list[Journey]]:
        """Kilometers from the place to the receiver, and the journeys by every carrier that delivers there."""
        key = place.location_id, country, province
        if key not in self._journeys:
            carriers = self.carriers or (NO_CARRIER_KNOWN,)
            goes = [one for one in carriers if one.reaches(country, province) and _starts(one, place)]
            kilometers = distance(place, country, province)
            way = region(place.country, place.province), region(country, province)
            self._journeys[key] = kilometers, [self._journey(one, place, *way) for one in goes]
        return self._journeys[key]

    def leaves(self, place: Place) -> datetime:
        """When goods that are ordered now leave the place."""
        if place.calendar is None:
            return self.at + HOURS_OF_WORK
        key = place.location_id, self.at
        if key not in self._leaving:
            self._leaving[key] = place.calendar.cut_off_at(place.calendar.leaves_on(self.at))
        return self._leaving[key]

    def best(self, journeys: list[Journey], asked: SourcingRequest, classes: frozenset[str]) -> Journey | None:
        """The cheapest journey for this order among carriers that take its goods; the requested carrier if possible."""
        fit = [one for one in journeys if not one.carrier.name or classes <= one.carrier.dangerous_goods]
        wished = [one for one in fit if one.carrier.name == asked.carrier]
        priced = [one for one in fit if one.priced]
        return min(wished or priced or fit, key=lambda one: self._price(one, asked.wanted.total_grams), default=None)

    def _price(self, journey: Journey, grams: int) -> float:
        """Freight, time and lateness, weighed as in the balanced objective."""
        weights = self.weights
        beyond = max(0.0, journey.hours + weights.caution * journey.spread - weights.promise_hours)
        return (
            weights.share("freight") * journey.rate.cost(grams)
            + weights.share("lead_time") * weights.hour * journey.hours
            + weights.share("late") * weights.late_hour * beyond
        )

    def _journey(self, carrier: Carrier, place: Place, origin: str, destination: str) -> Journey:
        table = self.rates.get(carrier.name)
        found = zone(table, origin, destination) if table else None
        rate, days = Rate(), DAYS_WITHOUT_A_PRICE
        if found:
            rate = Rate(found.first.minor_units, found.first_grams, found.step.minor_units, found.step_grams)
            days = found.days
        leaves = self.leaves(place)
        transit = self.lead_times.expect(
            place.location_id, destination, carrier.name, leaves.isoweekday(), published=24.0 * days
        )
        wait = (leaves - self.at) / timedelta(hours=1)
        return Journey(carrier, rate, found is not None, wait + transit.hours, transit.spread)


def _starts(carrier: Carrier, place: Place) -> bool:
    return bool(carrier.countries & {place.country, ANYWHERE})
