"""What orders have written to their logs is sealed, and each day that is over is signed."""

import asyncio

from pydantic import SecretStr

from models.database import Sessions
from trail.days import Days, read_key
from trail.sealing import AT_ONCE, Sealing


class Proof:
    """Runs in every worker beside the relay's other work. What several do at once is done once.

    Without a key the logs are sealed and no day is signed.
    """

    def __init__(self, sessions: Sessions, key: SecretStr | None) -> None:
        self.sealing = Sealing(sessions)
        self.days = Days(sessions, read_key(key.get_secret_value())) if key else None

    async def carry(self) -> int:
        """Seal all that was committed, then sign a day if one is over; answer how many days were signed."""
        while await asyncio.to_thread(self.sealing.run) == AT_ONCE:
            pass
        return await asyncio.to_thread(self.days.close) if self.days else 0
