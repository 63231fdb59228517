"""Persons who asked to be forgotten while an order of theirs was under way are forgotten once it has ended."""

import asyncio

from models.database import Sessions
from record.people.erasing import erase_due


class Erasures:
    """Runs in every worker beside the relay's other work. What several do at once is done once."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def carry(self) -> int:
        """Forget whoever is due, and answer in how many orders."""
        return await asyncio.to_thread(erase_due, self._sessions)
