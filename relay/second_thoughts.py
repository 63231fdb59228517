"""Now and then the work that waits before its release is looked at again (record/sourcing/reconsider.py)."""

import asyncio

from models.database import Sessions
from record.sourcing.outlooks import OutlookCache
from record.sourcing.reconsider import Reconsider


class SecondThoughts:
    """Runs in every worker beside the relay's other work; one of them looks at a time."""

    def __init__(self, sessions: Sessions) -> None:
        self._reconsider = Reconsider(sessions, OutlookCache())

    async def carry(self) -> int:
        """Look once; answer how many fulfillment orders were moved."""
        return await asyncio.to_thread(self._reconsider.run)
