"""The calendar of a location: on which days it works, until when a day's work is taken, and when goods leave."""

from collections.abc import Set
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays

DAY = timedelta(days=1)
# A place that works on no day of ten years is a mistake, not a calendar.
AHEAD = 3_660


class NeverWorks(ValueError):
    """A calendar has no working day."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """`time_zone` is a name of the IANA database, `working_days` are ISO weekdays (1 is Monday).

    `country` is the ISO 3166 code whose public holidays are kept, or empty where none are; a weekend that the country
    declared working days is worked. `closed` are days on which nobody is there, whatever else is said.
    """

    time_zone: str
    cut_off: time
    working_days: frozenset[int]
    country: str
    closed: frozenset[date]

    def works(self, day: date) -> bool:
        if day in self.closed:
            return False
        free, worked = _public(self.country, day.year)
        return day not in free and (day.isoweekday() in self.working_days or day in worked)

    def leaves_on(self, at: datetime) -> date:
        """The day, at the location, on which an order leaves that is known there at `at` (with its zone): the same
        working day up to the cut-off, else the next one. Raises NeverWorks."""
        here = at.astimezone(ZoneInfo(self.time_zone))
        in_time = here.time() <= self.cut_off
        return self.next_working_day(here.date() if in_time else here.date() + DAY)

    def next_working_day(self, day: date) -> date:
        """`day` itself if it is one. Raises NeverWorks."""
        for _ in range(AHEAD):
            if self.works(day):
                return day
            day += DAY
        raise NeverWorks("the calendar has no working day")

    def cut_off_at(self, day: date) -> datetime:
        """When the work of `day` is closed, in UTC."""
        return self.moment(day, self.cut_off)

    def moment(self, day: date, at: time) -> datetime:
        """A time of day at the location, in UTC."""
        return datetime.combine(day, at, ZoneInfo(self.time_zone)).astimezone(UTC)


def known_zone(name: str) -> bool:
    """Whether the IANA database has a time zone of this name."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


@lru_cache(maxsize=256)
def _public(country: str, year: int) -> tuple[Set[date], Set[date]]:
    """Public holidays, and weekends that are worked instead; none where `holidays` has no list of the country."""
    try:
        known = holidays.country_holidays(country, years=year) if country else holidays.HolidayBase(years=year)
    except NotImplementedError:
        return frozenset(), frozenset()
    return frozenset(known), frozenset(known.weekend_workdays)
