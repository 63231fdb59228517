"""Deadlines that are in danger are told of, however many orders there are: a look at a short index, now and then."""

import asyncio
from datetime import UTC, datetime

from models.database import Sessions
from record.orders.deadlines import DeadlineSweep


class DeadlineWatch:
    """Runs in every worker beside the relay's other work. What several do at once is done once."""

    def __init__(self, sessions: Sessions) -> None:
        self.sweep = DeadlineSweep(sessions)

    async def carry(self) -> int:
        """Tell of what is at risk, and answer how much that was."""
        return await asyncio.to_thread(self.sweep.run, datetime.now(UTC))
