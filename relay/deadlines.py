"""Deadlines that are in danger are told of, however many orders there are: a look at a short index, now and then."""

import asyncio
import time
from datetime import UTC, datetime

from activities.deadlines import DeadlineSweep
from models.database import Sessions

EVERY_SECONDS = 10.0


class DeadlineWatch:
    """Runs in every worker beside the relay's other work. What several do at once is done once."""

    def __init__(self, sessions: Sessions) -> None:
        self.sweep = DeadlineSweep(sessions)
        self._next = 0.0

    async def carry(self) -> int:
        """Tell of what is at risk, and answer how much that was; again at once while there is more."""
        if time.monotonic() < self._next:
            return 0
        told = await asyncio.to_thread(self.sweep.run, datetime.now(UTC))
        self._next = 0.0 if told else time.monotonic() + EVERY_SECONDS
        return told
