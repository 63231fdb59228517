"""Where the receivers of promises are: whole regions are kept in memory, since most carts name no more."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy.orm import Session

from record.promises.asking import Asked
from record.sourcing.outlooks import SLOW_LIFETIME_SECONDS
from record.sourcing.spots import find_spot

MOST_REGIONS = 2_000

Found = Sequence[Any] | None
"""What `find_spot` returns."""


class RegionSpots:
    """One for each process. It keeps nothing of a receiver whose city or postal code is named."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._until = 0.0
        self._known: dict[tuple[str, str], Found] = {}

    def spot(self, session: Session, asked: Asked) -> Found:
        """Return where the receiver is, of a whole region as it was at most half a minute ago."""
        if asked.city or asked.postal_code:
            return find_spot(session, asked.country, asked.province, asked.city, asked.postal_code)
        key = asked.country, asked.province
        if self._now() >= self._until or len(self._known) >= MOST_REGIONS:
            self._known, self._until = {}, self._now() + SLOW_LIFETIME_SECONDS
        if key not in self._known:
            self._known[key] = find_spot(session, *key, "", "")
        return self._known[key]
