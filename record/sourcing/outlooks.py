"""What sourcing reads beside the order and the stock: places, weights, rates, lead times and used capacity.

All of it changes rarely, so a process caches it for a few seconds and a decision needs no query for it.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from datetime import time as time_of_day
from zoneinfo import ZoneInfo

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from domain.calendars import Calendar
from domain.geography import Spot
from domain.parameters import ANYWHERE, Parameters
from domain.sourcing.decision import Exact
from domain.sourcing.lead_times import LeadTimes
from domain.sourcing.outlook import Outlook
from domain.sourcing.places import Place
from domain.sourcing.policies import LAST_RESORT, POLICIES, Chain, Link
from domain.sourcing.weights import Weights
from models.stock import LocationRow
from record.parameters import ParameterCache
from record.sourcing.lead_times import current_version, load_lead_times
from record.sourcing.spots import REGION_SPOT, spot_of
from record.stock.locations import calendar_of

LIFETIME_SECONDS = 3.0
SLOW_LIFETIME_SECONDS = 30.0
"""For what takes longer to read: used capacity and lead times."""

_UNITS_SINCE = text("""
    SELECT location_id, sum(quantity)::int AS units
    FROM unnest(CAST(:locations AS text[]), CAST(:midnights AS timestamptz[])) AS day (location_id, midnight)
    JOIN fulfillment_orders AS work USING (location_id) JOIN fulfillment_lines USING (fulfillment_order_id)
    WHERE work.created_at >= midnight AND work.status NOT IN ('canceled', 'rejected') GROUP BY location_id
""")


@dataclass(frozen=True, slots=True)
class SourcingContext:
    """The current outlook, places and parameters, and the exact solver if there is one. `waves` are the times of places
    that have waves."""

    outlook: Outlook
    places: Mapping[str, Place]
    parameters: Parameters
    exact: Exact | None
    waves: Mapping[str, Sequence[time_of_day]]

    def chain(self, channel: str, policy: str) -> Chain:
        """Return the policies of an order: one set by a rule of staff first, then those of its channel or the default
        ones."""
        chains = self.parameters.sourcing_policies
        usual = chains.get(channel) or chains.get(ANYWHERE) or LAST_RESORT
        return (Link(policy), *usual) if policy in POLICIES else usual


class OutlookCache:
    """The sourcing context, read again after `lifetime` seconds. Threads may share it: all write the same."""

    def __init__(
        self,
        parameters: ParameterCache,
        exact: Exact | None = None,
        lifetime: float = LIFETIME_SECONDS,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._parameters, self._exact = parameters, exact
        self._lifetime, self._now = lifetime, now
        self._fresh_until = self._slow_until = 0.0
        self._context: SourcingContext | None = None
        self._lead_times, self._used = LeadTimes(), dict[str, int]()

    def context(self, session: Session) -> SourcingContext:
        """Return the current context, at most `lifetime` seconds old."""
        if self._context is None or self._now() >= self._fresh_until:
            return self.refresh(session)
        return self._context

    def refresh(self, session: Session) -> SourcingContext:
        """Read the context now, whatever its age, and return it."""
        at = self._now()
        self._context = self._read(session)
        self._fresh_until = at + self._lifetime
        return self._context

    def context_with(self, session: Session, locations: Iterable[str]) -> SourcingContext:
        """Return the context, read anew if one of these locations is not in it, since that one was just added."""
        context = self.context(session)
        if all(location in context.places for location in locations):
            return context
        self._fresh_until = 0.0
        return self.context(session)

    def count(self, location_id: str, units: int) -> None:
        """Add units to the used capacity of a place until that is read again."""
        if location_id in self._used:
            self._used[location_id] += units

    def _read(self, session: Session) -> SourcingContext:
        at = datetime.now(UTC)
        parameters = self._parameters.at(session, at)
        found = session.execute(select(LocationRow, REGION_SPOT)).all()
        places = {row.location_id: _place(row, spot_of(spot)) for row, spot in found}
        rows = [row for row, _ in found]
        if self._now() >= self._slow_until:
            self._used = _used_today(session, places, at)
            if current_version(session) != self._lead_times.version:
                self._lead_times = load_lead_times(session)
            self._slow_until = self._now() + max(self._lifetime, SLOW_LIFETIME_SECONDS)
        weights = parameters.sourcing_weights or Weights()
        rates = parameters.freight_rates
        outlook = Outlook(at, weights, parameters.carriers, rates, self._lead_times, self._used)
        waves = {row.location_id: row.waves for row in rows if row.waves}
        return SourcingContext(outlook, places, parameters, self._exact, waves)


def _place(row: LocationRow, region: Spot | None) -> Place:
    point = region.point if region else None
    if row.latitude is not None and row.longitude is not None:
        point = row.latitude, row.longitude
    return Place(
        row.location_id,
        row.kind,
        row.country,
        row.province,
        row.priority,
        point,
        calendar_of(row),
        row.capacity_units_per_day,
        row.bonded,
    )


def _used_today(session: Session, places: Mapping[str, Place], at: datetime) -> dict[str, int]:
    """Return the units of today's fulfillment orders, by place with a capacity. Today is in the place's own time
    zone."""
    days = {
        place.location_id: _midnight(place.calendar, at)
        for place in places.values()
        if place.capacity is not None and place.calendar is not None
    }
    if not days:
        return {}
    units = session.execute(_UNITS_SINCE, {"locations": list(days), "midnights": list(days.values())})
    return dict.fromkeys(days, 0) | {row.location_id: row.units for row in units}


def _midnight(calendar: Calendar, at: datetime) -> datetime:
    return calendar.moment(at.astimezone(ZoneInfo(calendar.time_zone)).date(), time_of_day())
