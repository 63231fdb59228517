"""How each kind of call is tried: against our own database, against a partner, and when telling others."""

from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    # Every module that defines refusals is loaded, so that none is missing from the list below.
    from domain.errors import Refusal


def refusals(of: type[Refusal] = Refusal) -> list[str]:
    """The names of all refusals, read off the tree of classes, so that they cannot drift from the code."""
    return [of.__name__, *(name for child in of.__subclasses__() for name in refusals(child))]


def _patient(first: timedelta, longest: timedelta) -> RetryPolicy:
    """Tried until it works: an outage of hours must not fail an order. Refusals are never tried again."""
    return RetryPolicy(
        initial_interval=first,
        backoff_coefficient=2,
        maximum_interval=longest,
        non_retryable_error_types=refusals(),
    )


DATABASE: dict[str, Any] = {
    "start_to_close_timeout": timedelta(seconds=30),
    "retry_policy": _patient(timedelta(milliseconds=200), timedelta(seconds=30)),
    # A longer pause becomes a durable timer, so that a worker does not hold the order's task meanwhile.
    "local_retry_threshold": timedelta(seconds=2),
}

# The worker says that it is still at it (worker.py), so a step that died with its worker is soon taken again.
BEAT = timedelta(seconds=10)

PARTNER: dict[str, Any] = {
    "start_to_close_timeout": timedelta(seconds=45),
    "heartbeat_timeout": BEAT,
    "retry_policy": _patient(timedelta(seconds=1), timedelta(minutes=5)),
    # What a partner was asked must be known before it is undone.
    "cancellation_type": workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
}

MESSAGE: dict[str, Any] = {
    "start_to_close_timeout": timedelta(minutes=2),
    "heartbeat_timeout": BEAT,
    "retry_policy": _patient(timedelta(seconds=1), timedelta(minutes=5)),
}

SEND: dict[str, Any] = {
    # To strangers. A batch ends by itself well before, and what died with its worker is sent again soon.
    "start_to_close_timeout": timedelta(minutes=2),
    "heartbeat_timeout": timedelta(seconds=4),
    "retry_policy": _patient(timedelta(seconds=1), timedelta(minutes=5)),
}

TELL: dict[str, Any] = {
    # One call asks for all that waits whether the partner is back, so it is asked often.
    **SEND,
    "retry_policy": _patient(timedelta(seconds=1), timedelta(seconds=30)),
}

PULL: dict[str, Any] = {
    # A page of a platform that gives whole orders one by one is a call an order.
    "start_to_close_timeout": timedelta(minutes=10),
    "heartbeat_timeout": BEAT,
    # Where the platform says how long to wait, the step waits so long (activities/pauses.py).
    "retry_policy": _patient(timedelta(seconds=1), timedelta(minutes=5)),
}
