"""Retries of a message to a subscriber, by the schedule of Standard Webhooks."""

from datetime import timedelta

SCHEDULE = (
    timedelta(0),
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 20, 24)),
)
TOTAL_TIME = sum(SCHEDULE, timedelta(0))
LONGEST_WAIT = timedelta(days=1)
"""The longest Retry-After of a receiver that we honor."""

# After this many failures in a row nothing is sent for a while, longer each time; then one message probes the receiver.
FAILURES_BEFORE_PAUSE = 5
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(minutes=5)


def next_pause(tries: int, retry_after: float = 0) -> timedelta | None:
    """How long to wait after `tries` failed attempts, at least `retry_after` seconds; None after the last attempt."""
    if tries >= len(SCHEDULE):
        return None
    return max(SCHEDULE[tries], min(timedelta(seconds=retry_after), LONGEST_WAIT))


def circuit_pause(failures: int) -> timedelta | None:
    """How long to send a receiver nothing after `failures` in a row; None while it still counts as healthy."""
    if failures < FAILURES_BEFORE_PAUSE:
        return None
    return min(FIRST_PAUSE * (1 << min(failures - FAILURES_BEFORE_PAUSE, 10)), LONGEST_PAUSE)
