"""Limits the memory that unfinished request bodies take in this process."""

from asyncio import Timeout, get_running_loop
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class Body:
    """One body that is being read; `dropped` is True when it was given up to make room."""

    def __init__(self, bodies: "UnfinishedBodies", holder: str, limit: Timeout) -> None:
        self._bodies = bodies
        self.holder = holder
        self.limit = limit
        self.size = 0
        self.dropped = False

    def add(self, octets: int) -> None:
        if not self.dropped:
            self.size += octets
            self._bodies.add(self.holder, octets)


class UnfinishedBodies:
    """Counts the bytes held of incomplete bodies by sender: a key, or the address of a caller without one.

    Beyond `most` bytes in all, the sender that holds most loses its oldest body: senders that keep bodies open to fill
    the memory displace each other, and never a body that is sent in one go.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._held = 0
        self._by_holder: Counter[str] = Counter()
        self._open: dict[Body, None] = {}

    @contextmanager
    def reading(self, holder: str, limit: Timeout) -> Iterator[Body]:
        """Count a body while it is read. When it is dropped, its `limit` runs out at once."""
        body = Body(self, holder, limit)
        self._open[body] = None
        try:
            yield body
        finally:
            self._forget(body)

    def add(self, holder: str, octets: int) -> None:
        self._held += octets
        self._by_holder[holder] += octets
        while self._held > self._most:
            [(greatest, _)] = self._by_holder.most_common(1)
            oldest = next(body for body in self._open if body.holder == greatest)
            self._forget(oldest)
            oldest.dropped = True
            oldest.limit.reschedule(get_running_loop().time())

    def _forget(self, body: Body) -> None:
        if body in self._open:
            del self._open[body]
            self._held -= body.size
            self._by_holder[body.holder] -= body.size
            if not self._by_holder[body.holder]:
                del self._by_holder[body.holder]
