"""Bodies that are still coming: how much of them a process holds, and who makes room when it is too much."""

from asyncio import Timeout, get_running_loop
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class Body:
    """One body that is being read; `dropped` is that it had to make room."""

    def __init__(self, bodies: "Bodies", holder: str, limit: Timeout) -> None:
        self._bodies = bodies
        self.holder = holder
        self.limit = limit
        self.size = 0
        self.dropped = False

    def came(self, octets: int) -> None:
        if not self.dropped:
            self.size += octets
            self._bodies.grew(self.holder, octets)


class Bodies:
    """Counts what is held of bodies that are not complete, by who sends them: a key, or a stranger's address.

    Beyond `most` bytes whoever holds most loses its oldest one: those who hold bodies open to fill the memory make room
    for each other, and what is sent in one go is never in their way.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._held = 0
        self._by_holder: Counter[str] = Counter()
        self._open: dict[Body, None] = {}

    @contextmanager
    def reading(self, holder: str, limit: Timeout) -> Iterator[Body]:
        """Read one; when it is dropped, its `limit` runs out at once."""
        body = Body(self, holder, limit)
        self._open[body] = None
        try:
            yield body
        finally:
            self._forget(body)

    def grew(self, holder: str, octets: int) -> None:
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
