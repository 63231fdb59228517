"""When a message to a subscriber is tried again: the schedule of Standard Webhooks."""

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
"""What a receiver may ask for at most by Retry-After."""

# A receiver that fails so often in a row is left alone, ever longer; then one message asks whether it is back.
FAILURES_BEFORE_PAUSE = 5
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(minutes=5)


def next_pause(tries: int, retry_after: float = 0) -> timedelta | None:
    """How long to wait after so many failed tries, at least the seconds asked for; None when it was the last."""
    if tries >= len(SCHEDULE):
        return None
    return max(SCHEDULE[tries], min(timedelta(seconds=retry_after), LONGEST_WAIT))


def circuit_pause(failures: int) -> timedelta | None:
    """How long a receiver is left alone after so many failures in a row; None while it still counts as well."""
    if failures < FAILURES_BEFORE_PAUSE:
        return None
    return min(FIRST_PAUSE * (1 << min(failures - FAILURES_BEFORE_PAUSE, 10)), LONGEST_PAUSE)
