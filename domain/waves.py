"""Waves: the times of a working day at which a location gets its work, and who does not wait for them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from domain.calendars import DAY, Calendar
from domain.instructions import URGENT_PRIORITY
from domain.service_levels import MOST_URGENT, urgency

ORDINARY_PRIORITY = 100


def next_wave(calendar: Calendar, waves: Sequence[time], at: datetime) -> datetime | None:
    """When work that is known at `at` is released, in UTC; None is at once. Raises NeverWorks."""
    if not waves:
        return None
    today = calendar.next_working_day(at.astimezone(ZoneInfo(calendar.time_zone)).date())
    for day in (today, calendar.next_working_day(today + DAY)):
        for wave in sorted(waves):
            if (released := calendar.moment(day, wave)) > at:
                return released
    return None


def priority_of(instructions: Mapping[str, Any]) -> int:
    """Lower is more urgent; 100 where nothing was said."""
    return int(instructions.get("priority") or ORDINARY_PRIORITY)


def skips_waves(instructions: Mapping[str, Any], tags: Iterable[str] = ()) -> bool:
    """Whether the work is released at once although its location has waves: by a wish, a rule or its service level."""
    wished = bool(instructions.get("urgent")) or priority_of(instructions) <= URGENT_PRIORITY
    return wished or urgency(tags) == MOST_URGENT
