"""How many of the threads that send are one channel's at a time, however many subscriptions it has."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Lock

from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

PAUSE = timedelta(seconds=1)


class Shares:
    """Of one process. Who has its share already is tried again in a second, and holds no thread meanwhile."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._sending: Counter[str] = Counter()
        self._lock = Lock()

    @contextmanager
    def one_of(self, channel: str | None) -> Iterator[None]:
        """Send for a channel; what hears of all channels is not held back."""
        if channel is None:
            yield
            return
        with self._lock:
            if self._sending[channel] >= self._most:
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
