"""What orders have written to their logs is sealed, and each day that is over is signed."""

import asyncio

from integrations.http import PartnerHttp
from models.database import Sessions
from record.trail.anchors import AnchorFile, AnchorHttp, Keeper
from record.trail.days import Days, read_key
from record.trail.sealing import AT_ONCE, Sealing
from settings import Settings


def keepers(settings: Settings) -> list[Keeper]:
    """Who keeps the roots of days outside of the database: whoever is set."""
    found: list[Keeper] = []
    if settings.trace_anchor_file is not None:
        found.append(AnchorFile(settings.trace_anchor_file))
    if (partner := settings.trace_anchor) is not None:
        secret, seconds = partner.secret.get_secret_value(), partner.timeout.total_seconds()
        found.append(AnchorHttp(PartnerHttp("trace anchor", partner.url, secret, seconds)))
    return found


class Proof:
    """Runs in every worker beside the relay's other work. What several do at once is done once.

    Without a key the logs are sealed and no day is signed.
    """

    def __init__(self, sessions: Sessions, settings: Settings) -> None:
        self.sealing = Sealing(sessions)
        key = settings.trace_key
        self.days = Days(sessions, read_key(key.get_secret_value()), keepers(settings)) if key else None

    async def carry(self) -> int:
        """Seal all that was committed, then sign a day if one is over; answer how many days were signed."""
        while await asyncio.to_thread(self.sealing.run) == AT_ONCE:
            pass
        return await asyncio.to_thread(self.days.close) if self.days else 0
