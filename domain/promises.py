"""Deadlines to ship and to deliver an order, and when to warn that one may be missed.

A promise of the channel comes first. Otherwise the hours to ship come from a table by channel and service level, and
the days to deliver from a table by province or country and service level. `*` is any of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from domain.calendars import Calendar, known_zone
from domain.service_levels import STANDARD

ANY = "*"
SHIP, DELIVER, NOTHING = "ship", "deliver", ""
AT_RISK = {SHIP: "SHIP_AT_RISK", DELIVER: "DELIVER_AT_RISK"}
"""Codes of the alerts that warn before a deadline is missed."""
MAX_HOURS = 8_784

Levels = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Margin:
    """Warn when `percent` of the time remains, but at least `hours` before the deadline."""

    percent: int = 25
    hours: int = 2

    def before(self, since: datetime, due: datetime) -> datetime:
        """When to warn; never before `since`."""
        return max(since, min(due - (due - since) * self.percent / 100, due - timedelta(hours=self.hours)))


@dataclass(frozen=True, slots=True)
class Policy:
    """Our rules for promises. `calendars` are by channel; without one every hour counts. Without hours or days in a
    table nothing is promised."""

    ship_hours: Levels = field(default_factory=dict)
    calendars: Mapping[str, Calendar | None] = field(default_factory=dict)
    delivery_days: Levels = field(default_factory=dict)
    margin: Margin = field(default_factory=Margin)


@dataclass(frozen=True, slots=True)
class Promised:
    """The deadlines promised to the customer; None if there is no promise."""

    ship_by: datetime | None = None
    deliver_by: datetime | None = None


@dataclass(frozen=True, slots=True)
class PromiseBasis:
    """The facts that a promise depends on. `since` is when the order was paid: platforms count from then."""

    since: datetime
    channel: str
    level: str
    country: str
    province: str


def promise(basis: PromiseBasis, by_channel: Promised, policy: Policy) -> Promised:
    """The promise for an order. What its channel promised is kept, the rest comes from our rules."""
    ship_by = by_channel.ship_by or _ship_by(basis, policy)
    deliver_by = by_channel.deliver_by
    days = _by_level((basis.province, basis.country, ANY), basis.level, policy.delivery_days)
    if deliver_by is None and ship_by is not None and days is not None:
        deliver_by = ship_by + timedelta(days=days)
    return Promised(ship_by, deliver_by)


def moved(promised: Promised, before: PromiseBasis, after: PromiseBasis, policy: Policy) -> Promised:
    """The promise of an order that is to go elsewhere: it takes as many days as our rules say for there. The shipping
    stays, and so does a delivery that our rules have not promised."""
    kept = Promised(promised.ship_by)
    if promised.ship_by is None or promise(before, kept, policy) != promised:
        return promised
    return promise(after, kept, policy)


def next_due(here: int, away: int, delivered: int, *, short: bool, ended: bool) -> str:
    """What is due next: SHIP, DELIVER or NOTHING. `here`, `away` and `delivered` are numbers of fulfillment orders that
    have not left, are in transit and were delivered."""
    if ended:
        return NOTHING
    if here or short or not (away or delivered):
        return SHIP
    return DELIVER if away else NOTHING


def read_levels(value: Any) -> Levels:
    """`{"*": {"standard": 48, "express": 24}, "tmall": ...}`: whole numbers above zero. Raises ValueError."""
    for levels in value.values():
        for amount in levels.values():
            if type(amount) is not int or not 0 < amount <= MAX_HOURS:
                raise ValueError(f"{amount!r} is not a whole number from 1 to {MAX_HOURS}")
    return {name: dict(levels) for name, levels in value.items()}


def read_margin(value: Any) -> Margin:
    """`{"percent": 25, "hours": 2}`"""
    percent, hours = value["percent"], value["hours"]
    if type(percent) is not int or type(hours) is not int or not 0 <= percent <= 100 or not 0 <= hours <= MAX_HOURS:
        raise ValueError("percent is 0 to 100, and hours a whole number")
    return Margin(percent, hours)


def read_calendars(value: Any) -> dict[str, Calendar | None]:
    """`{"*": {"time_zone": "Asia/Shanghai", "cut_off": "16:00", "working_days": [1, 2, 3, 4, 5], "country": "CN",
    "closed": ["2027-02-06"]}, "tmall": null}`: null counts every hour."""
    return {channel: _calendar(one) if one is not None else None for channel, one in value.items()}


def _calendar(value: Any) -> Calendar:
    days = frozenset(value["working_days"])
    if not days or not days <= set(range(1, 8)):
        raise ValueError("working_days are ISO weekdays, 1 to 7")
    if not known_zone(value["time_zone"]):
        raise ValueError(f"{value['time_zone']!r} is no time zone")
    closed = frozenset(date.fromisoformat(day) for day in value["closed"])
    return Calendar(value["time_zone"], time.fromisoformat(value["cut_off"]), days, str(value["country"]), closed)


def _ship_by(basis: PromiseBasis, policy: Policy) -> datetime | None:
    """Deadline by the table. If it falls on a day off, it moves to the cut-off of the next working day."""
    hours = _by_level((basis.channel, ANY), basis.level, policy.ship_hours)
    if hours is None:
        return None
    due = basis.since + timedelta(hours=hours)
    calendar = policy.calendars.get(basis.channel, policy.calendars.get(ANY))
    day = due.astimezone(ZoneInfo(calendar.time_zone)).date() if calendar else None
    if calendar is None or day is None or calendar.works(day):
        return due.astimezone(UTC)
    return calendar.cut_off_at(calendar.next_working_day(day))


def _by_level(names: tuple[str, ...], level: str, table: Levels) -> int | None:
    """The number for the first name that the table has at this level or, failing that, at the standard level."""
    for name in names:
        levels = table.get(name, {})
        if (amount := levels.get(level, levels.get(STANDARD))) is not None:
            return amount
    return None
