"""Starts an inquiry when a partner has been silent about some work for too long."""

import asyncio
from datetime import UTC, datetime

import structlog
from sqlalchemy import text
from temporalio.client import Client
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError

from models.database import Sessions
from models.fulfillment import AT_CARRIER, AT_WAREHOUSE, SILENT_SINCE
from settings import Settings
from workflows.starting import INQUIRY_WORKFLOW, inquiry_start

log = structlog.get_logger()

# Each part reads the head of an index.
DUE = text(f"""
    SELECT 'wms' WHERE EXISTS (SELECT FROM fulfillment_orders WHERE {AT_WAREHOUSE} AND {SILENT_SINCE} <= :wms)
    UNION ALL
    SELECT 'tms' WHERE EXISTS (SELECT FROM fulfillment_orders WHERE {AT_CARRIER} AND {SILENT_SINCE} <= :tms)
""")


class InquiryJob:
    """Runs in every worker beside the relay's other jobs."""

    def __init__(self, sessions: Sessions, client: Client, settings: Settings) -> None:
        self.sessions = sessions
        self.client = client
        self.settings = settings

    async def carry(self) -> int:
        """Start an inquiry for each silent partner. Return 0, so that the relay looks again after its longest pause."""
        for partner in await asyncio.to_thread(self._silent):
            try:
                await self.client.start_workflow(INQUIRY_WORKFLOW, **inquiry_start(self.settings, partner))
            except WorkflowAlreadyStartedError:
                # The running inquiry goes on until nothing is due.
                pass
            except RPCError as trouble:
                log.warning("inquiry_not_started", partner=partner, status=trouble.status.name)
        return 0

    def _silent(self) -> list[str]:
        now, plan = datetime.now(UTC), self.settings.inquiries
        with self.sessions() as session:
            return list(session.scalars(DUE, {"wms": now - plan.wms, "tms": now - plan.tms}))
