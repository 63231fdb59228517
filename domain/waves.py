"""Waves: the times of a working day at which a location gets its work, and the orders that skip them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from domain.calendars import DAY, Calendar
from domain.instructions import URGENT_PRIORITY
from domain.service_levels import MOST_URGENT, urgency

ORDINARY_PRIORITY = 100


def next_wave(calendar: Calendar, waves: Sequence[time], at: datetime) -> datetime | None:
    """When work that arrives at `at` is released, in UTC; None means at once. Raises NeverWorks."""
    if not waves:
        return None
    today = calendar.next_working_day(at.astimezone(ZoneInfo(calendar.time_zone)).date())
    for day in (today, calendar.next_working_day(today + DAY)):
        for wave in sorted(waves):
            if (released := calendar.moment(day, wave)) > at:
                return released
    return None


def priority_of(instructions: Mapping[str, Any]) -> int:
    """The priority of an order; lower is more urgent, 100 if not set."""
    return int(instructions.get("priority") or ORDINARY_PRIORITY)


def skips_waves(instructions: Mapping[str, Any], tags: Iterable[str] = ()) -> bool:
    """True if the work is released at once although its location has waves: for an urgent wish, rule or service
    level."""
    wished = bool(instructions.get("urgent")) or priority_of(instructions) <= URGENT_PRIORITY
    return wished or urgency(tags) == MOST_URGENT
