"""Now and then the work that waits before its release is looked at again (activities/reconsider.py)."""

import asyncio
import time

from activities.outlooks import OutlookBook
from activities.reconsider import Reconsider
from models.database import Sessions

EVERY_SECONDS = 20.0


class SecondThoughts:
    """Runs in every worker beside the relay's other work; one of them looks at a time."""

    def __init__(self, sessions: Sessions, every: float = EVERY_SECONDS) -> None:
        self._reconsider = Reconsider(sessions, OutlookBook())
        self._every = every
        self._next = 0.0

    async def carry(self) -> int:
        """Look if it is time; answer how many fulfillment orders were moved."""
        if time.monotonic() < self._next:
            return 0
        self._next = time.monotonic() + self._every
        return await asyncio.to_thread(self._reconsider.run)
