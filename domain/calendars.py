"""The calendar of a location: its working days, the cut-off of a day, and the day on which goods leave."""

from collections.abc import Set
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays

DAY = timedelta(days=1)
MAX_DAYS_AHEAD = 3_660
"""Ten years. A calendar without a working day in them is a mistake."""


class NeverWorks(ValueError):
    """A calendar has no working day."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """`time_zone` is an IANA name, `working_days` are ISO weekdays (1 is Monday).

    `country` is the ISO 3166 code whose public holidays are free, or empty if none are. Weekends that the country has
    declared working days are worked. `closed` days are free whatever else applies.
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
        """The local day on which an order leaves that arrives at `at` (with a zone): the same working day up to the
        cut-off, else the next working day. Raises NeverWorks."""
        here = at.astimezone(ZoneInfo(self.time_zone))
        in_time = here.time() <= self.cut_off
        return self.next_working_day(here.date() if in_time else here.date() + DAY)

    def next_working_day(self, day: date) -> date:
        """The first working day from `day` on, `day` included. Raises NeverWorks."""
        for _ in range(MAX_DAYS_AHEAD):
            if self.works(day):
                return day
            day += DAY
        raise NeverWorks("the calendar has no working day")

    def cut_off_at(self, day: date) -> datetime:
        """The cut-off of `day`, in UTC."""
        return self.moment(day, self.cut_off)

    def moment(self, day: date, at: time) -> datetime:
        """The local time `at` on `day`, in UTC."""
        return datetime.combine(day, at, ZoneInfo(self.time_zone)).astimezone(UTC)


def known_zone(name: str) -> bool:
    """True if the IANA database has a time zone of this name."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


@lru_cache(maxsize=256)
def _public(country: str, year: int) -> tuple[Set[date], Set[date]]:
    """Public holidays, and weekend days that are worked instead. Both empty if `holidays` does not know the country."""
    try:
        known = holidays.country_holidays(country, years=year) if country else holidays.HolidayBase(years=year)
    except NotImplementedError:
        return frozenset(), frozenset()
    return frozenset(known), frozenset(known.weekend_workdays)
