"""Starts the run of each bulk that has not ended, and deletes those that ended long ago."""

import asyncio
import time
from collections.abc import Sequence

import structlog
from temporalio.client import Client
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError

from models.database import Sessions
from record.bulks import delete_old, open_bulks
from settings import Settings
from workflows.starting import BULK_WORKFLOW, bulk_start

log = structlog.get_logger()

LOOK_AGAIN_SECONDS, CLEAN_EVERY_SECONDS = 20.0, 60.0
"""Before a run that was started, or found at work, is started again in case that it is gone."""


class BulkJob:
    """Runs in every worker beside the relay's other jobs."""

    def __init__(self, sessions: Sessions, client: Client, settings: Settings) -> None:
        self.sessions = sessions
        self.client = client
        self.settings = settings
        self._look_again = dict[str, float]()
        self._clean_at = 0.0

    async def carry(self) -> int:
        """Start the runs. Return 0, so that the relay pauses until the lookout calls."""
        running = await asyncio.to_thread(self._open)
        self._look_again = {one: at for one, at in self._look_again.items() if one in running}
        for bulk_id in running:
            if time.monotonic() < self._look_again.get(bulk_id, 0.0):
                continue
            try:
                await self.client.start_workflow(BULK_WORKFLOW, **bulk_start(self.settings, bulk_id))
            except WorkflowAlreadyStartedError:
                # It goes on until no item waits.
                pass
            except RPCError as trouble:
                log.warning("bulk_not_started", bulk=bulk_id, status=trouble.status.name)
                continue
            self._look_again[bulk_id] = time.monotonic() + LOOK_AGAIN_SECONDS
        return 0

    def _open(self) -> Sequence[str]:
        with self.sessions.begin() as session:
            if time.monotonic() >= self._clean_at:
                delete_old(session, self.settings.bulks_kept)
                self._clean_at = time.monotonic() + CLEAN_EVERY_SECONDS
            return open_bulks(session)
