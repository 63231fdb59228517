"""The windows of a pull: it asks for orders modified in a window that overlaps the one before."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta


@dataclass(frozen=True, slots=True)
class Pace:
    """`overlap` is read again each time, `skew` is how far the platform's clock may differ from ours, `longest` is the
    longest window that the platform accepts, and `first` how far back the first pull reads."""

    overlap: timedelta
    skew: timedelta
    longest: timedelta
    first: timedelta


@dataclass(frozen=True, slots=True)
class PullPlan:
    """When an account is pulled: at the interval `every`, and once a night, at `reconcile_at` in `zone`, to find
    missing
    orders."""

    channel: str
    every: timedelta
    reconcile_at: time
    zone: str
    enabled: bool


@dataclass(frozen=True, slots=True)
class Window:
    """Orders modified from `start` to `end`, both with a zone."""

    start: datetime
    end: datetime


def next_window(pulled_to: datetime | None, now: datetime, pace: Pace) -> tuple[Window, bool]:
    """The window after `pulled_to`, and whether another one must follow to reach the present."""
    horizon = now - pace.skew
    start = (pulled_to or now - pace.first) - pace.overlap - pace.skew
    end = max(min(horizon, start + pace.longest), start)
    return Window(start, end), end < horizon


def next_cursor(pulled_to: datetime | None, window: Window) -> datetime:
    """The moment up to which all orders are known once the window was read. It never goes back."""
    return max(pulled_to or window.end, window.end)


def closed(window: Window, platform_now: datetime | None, skew: timedelta) -> Window:
    """The part of the window that has passed by the platform's own clock, which may be behind ours."""
    if platform_now is None:
        return window
    return Window(window.start, max(min(window.end, platform_now - skew), window.start))
