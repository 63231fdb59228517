"""Timeouts and retries of each kind of step: on our database, at a partner, and for messages."""

from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy


def _until_done(first: timedelta, longest: timedelta) -> RetryPolicy:
    """Retry until it works: an outage of hours must not fail an order. Only a refusal is never retried, which the step
    says itself (activities/pauses.py)."""
    return RetryPolicy(initial_interval=first, backoff_coefficient=2, maximum_interval=longest)


DATABASE: dict[str, Any] = {
    "start_to_close_timeout": timedelta(seconds=30),
    "retry_policy": _until_done(timedelta(milliseconds=200), timedelta(seconds=30)),
    # A longer pause becomes a durable timer, so that a worker does not hold the order's task meanwhile.
    "local_retry_threshold": timedelta(seconds=2),
}

# The worker sends heartbeats (activities/heartbeats.py), so a step that died with its worker is retried soon.
HEARTBEAT = timedelta(seconds=10)

PARTNER: dict[str, Any] = {
    "start_to_close_timeout": timedelta(seconds=45),
    "heartbeat_timeout": HEARTBEAT,
    "retry_policy": _until_done(timedelta(seconds=1), timedelta(minutes=5)),
    # The outcome of a call must be known before it is undone.
    "cancellation_type": workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
}

MESSAGE: dict[str, Any] = {
    "start_to_close_timeout": timedelta(minutes=2),
    "heartbeat_timeout": HEARTBEAT,
    "retry_policy": _until_done(timedelta(seconds=1), timedelta(minutes=5)),
}

DELIVER: dict[str, Any] = {
    # To subscribers. A batch ends well before this, and one that died with its worker is sent again soon.
    "start_to_close_timeout": timedelta(minutes=2),
    "heartbeat_timeout": timedelta(seconds=4),
    "retry_policy": _until_done(timedelta(seconds=1), timedelta(minutes=5)),
}

REDELIVER: dict[str, Any] = {
    # One call finds out for all waiting messages whether the recipient is back, so it may come often.
    **DELIVER,
    "retry_policy": _until_done(timedelta(seconds=1), timedelta(seconds=30)),
}

PULL: dict[str, Any] = {
    # Some platforms need one call for each order of a page.
    "start_to_close_timeout": timedelta(minutes=10),
    "heartbeat_timeout": HEARTBEAT,
    # A delay that the platform asks for comes before these (activities/pauses.py).
    "retry_policy": _until_done(timedelta(seconds=1), timedelta(minutes=5)),
}

ERRAND: dict[str, Any] = {
    # A batch ends well before this, and one that died with its worker is begun again soon.
    "start_to_close_timeout": timedelta(minutes=5),
    "heartbeat_timeout": HEARTBEAT,
    "retry_policy": _until_done(timedelta(seconds=1), timedelta(minutes=1)),
}

EXPORT: dict[str, Any] = {
    # A list of millions of rows takes a while. After the last try the run has failed, and the next one is due.
    "start_to_close_timeout": timedelta(hours=1),
    "schedule_to_close_timeout": timedelta(hours=6),
    "heartbeat_timeout": HEARTBEAT,
    "retry_policy": _until_done(timedelta(seconds=5), timedelta(minutes=15)),
}
