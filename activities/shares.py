"""Limit how many sending threads one channel takes at a time, however many subscriptions it has."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Lock

from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

PAUSE = timedelta(seconds=1)


class Shares:
    """One for each process. A channel over its limit is retried in a second and holds no thread meanwhile."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._sending: Counter[str] = Counter()
        self._lock = Lock()

    @contextmanager
    def one_of(self, channel: str | None) -> Iterator[None]:
        """Take a share of the channel while the block runs; None (all channels) has no limit.

        Raises ApplicationError to be retried when the channel has its share already.
        """
        if channel is None:
            yield
            return
        with self._lock:
            if self._sending[channel] >= self._limit:
                raise ApplicationError(
                    "others of its channel are being told",
                    type="ChannelBusy",
                    next_retry_delay=PAUSE,
                    category=ApplicationErrorCategory.BENIGN,
                )
            self._sending[channel] += 1
        try:
            yield
        finally:
            with self._lock:
                self._sending[channel] -= 1
