"""Durations as the pages write them."""

from datetime import timedelta

UNITS = (("days", timedelta(days=1), 2), ("h", timedelta(hours=1), 1), ("min", timedelta(minutes=1), 1))


def in_words(span: timedelta) -> str:
    """Return 7 days, 24 h, 15 min or 10 s: in the largest unit that divides the span."""
    for unit, length, at_least in UNITS:
        if not span % length and span >= at_least * length:
            return f"{span // length} {unit}"
    return f"{span.total_seconds():g} s"
