"""Brings Temporal's schedules in line with the exports that are kept, and has one run now where somebody asks."""

import asyncio
from collections.abc import Sequence

import structlog
from temporalio.client import Client
from temporalio.service import RPCError

from models.database import Sessions
from models.exports import ExportRow
from record.exports import changed_exports, mark_scheduled, plan_of, reschedule_all
from settings import Settings
from workflows.schedules import drop_export, keep_export, run_export

log = structlog.get_logger()


class ExportJob:
    """Runs in every worker beside the relay's other jobs; several may do the same without harm."""

    def __init__(self, sessions: Sessions, client: Client, settings: Settings) -> None:
        self.sessions = sessions
        self.client = client
        self.settings = settings
        self._begun = False

    async def carry(self) -> int:
        """Return 0, so that the relay pauses until the lookout calls."""
        for row in await asyncio.to_thread(self._changed):
            try:
                await self._bring_in_line(row)
            except RPCError as trouble:
                log.warning("export_not_scheduled", export=row.export_id, status=trouble.status.name)
                continue
            await asyncio.to_thread(self._mark, row)
        return 0

    async def _bring_in_line(self, row: ExportRow) -> None:
        if row.deleted_at is not None:
            await drop_export(self.client, self.settings, row.export_id)
            return
        await keep_export(self.client, self.settings, plan_of(row))
        if row.run_asked_at is not None:
            await run_export(self.client, self.settings, row.export_id)

    def _changed(self) -> Sequence[ExportRow]:
        with self.sessions.begin() as session:
            if not self._begun:
                # A server of Temporal that was set up anew has none of them.
                reschedule_all(session)
                self._begun = True
            return changed_exports(session)

    def _mark(self, row: ExportRow) -> None:
        with self.sessions.begin() as session:
            mark_scheduled(session, row)
