"""How long one call of a step goes on waiting for more to do."""

import time
from dataclasses import dataclass

from temporalio import activity


@dataclass(frozen=True)
class Patience:
    """In seconds: look again after `look_again`, give up after `give_up` without anything, end after `end`, and try
    again after `retry` what was not taken. By default a call looks once."""

    look_again: float = 0.0
    give_up: float = 0.0
    end: float = 0.0
    retry: float = 0.0

    def now(self) -> float:
        return time.monotonic()

    def pause(self) -> bool:
        """Pause until the next look. False at once when the worker shuts down or the call is no longer wanted."""
        activity.wait_for_worker_shutdown_sync(self.look_again)
        return not (activity.is_worker_shutdown() or activity.is_cancelled())
