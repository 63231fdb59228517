"""Limits on open event streams in this process: by key, by channel and in all."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from sse_starlette import EventSourceResponse
from starlette.types import Receive, Scope, Send

from api.access import Caller
from api.rate_limits import too_many


class Streams:
    """Counts streams while they are open."""

    def __init__(self, by_key: int, by_channel: int, most: int) -> None:
        self._by_key = by_key
        self._by_channel = by_channel
        self._most = most
        self._open: Counter[tuple[str, str]] = Counter()

    def check(self, caller: Caller) -> None:
        """Raise a 429 if the caller may not open another stream."""
        if self._open["", ""] >= self._most:
            raise too_many("as many streams are open as there may be", 15)
        if self._open["key", caller.key_id] >= self._by_key:
            raise too_many(f"this key has {self._by_key} streams open", 15)
        if caller.channel and self._open["channel", caller.channel] >= self._by_channel:
            raise too_many(f"the keys of the channel {caller.channel} have {self._by_channel} streams open", 15)

    @contextmanager
    def one_of(self, caller: Caller) -> Iterator[None]:
        whose = [("", ""), ("key", caller.key_id), ("channel", caller.channel or "")]
        self._open.update(whose)
        try:
            yield
        finally:
            self._open.subtract(whose)
            self._open = +self._open


class CountedStream(EventSourceResponse):
    """A stream that counts as open from its first byte to its last, however it ends."""

    streams: Streams
    caller: Caller

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self.streams.one_of(self.caller):
            await super().__call__(scope, receive, send)
