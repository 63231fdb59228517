"""Passes on changes of stock: runs the sweep, wakes orders that wait for stock, and starts a push for each channel that
is behind.
"""

import asyncio

from temporalio.client import Client
from temporalio.exceptions import WorkflowAlreadyStartedError

from models.database import Sessions, reading
from models.prepared import prepared
from record.parameters import ParameterCache
from record.stock.sweep import AT_ONCE, Sweep
from relay.isolation import Isolation
from relay.waking import wake
from settings import Settings
from workflows.starting import PUSH_WORKFLOW, push_start

BEHIND = prepared("""
    SELECT channel FROM channel_accounts AS account LEFT JOIN channel_pushes USING (channel)
    WHERE settings ? 'push' AND coalesce((settings->'push'->>'enabled')::boolean, true)
      AND (not_before IS NULL OR not_before <= now())
      AND EXISTS (
        SELECT FROM channel_listings AS listing
        WHERE listing.channel = account.channel AND enabled AND version > acknowledged_version
          AND (retry_at IS NULL OR retry_at <= now()))
    ORDER BY channel
""")


class StockJob:
    """Runs in every worker beside the relay's other jobs. What several do at once is done once."""

    def __init__(self, sessions: Sessions, client: Client, settings: Settings, parameters: ParameterCache) -> None:
        self.isolation = Isolation(sessions)
        self.sessions = sessions
        self.client = client
        self.settings = settings
        self.sweep = Sweep(sessions, parameters)

    async def carry(self) -> int:
        """Sweep all stock that was touched, and start pushes. Return how many channels were behind."""
        marks = AT_ONCE
        while marks == AT_ONCE:
            swept = await asyncio.to_thread(self.sweep.run)
            marks = swept.marks
            if not await wake(self.client, self.settings, swept.woken):
                await asyncio.to_thread(self.sweep.touch_again, swept.more)
        channels = await asyncio.to_thread(self._behind)
        for channel in channels:
            await self._start(channel)
        return len(channels)

    def _behind(self) -> list[str]:
        with reading(self.sessions) as session:
            return list(session.scalars(BEHIND))

    async def _start(self, channel: str) -> None:
        try:
            await self.client.start_workflow(PUSH_WORKFLOW, **push_start(self.settings, channel))
        except WorkflowAlreadyStartedError:
            # The running push goes on until nothing is behind, or waits until the channel's rate limit is over.
            pass
        except Exception as error:
            self.isolation.report("push", [channel], error)
