"""Now and then it is looked whether a partner has been silent about something for too long; then it is asked."""

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

# A look at the head of an index for each.
DUE = text(f"""
    SELECT 'wms' WHERE EXISTS (SELECT FROM fulfillment_orders WHERE {AT_WAREHOUSE} AND {SILENT_SINCE} <= :wms)
    UNION ALL
    SELECT 'tms' WHERE EXISTS (SELECT FROM fulfillment_orders WHERE {AT_CARRIER} AND {SILENT_SINCE} <= :tms)
""")


class InquiryWatch:
    """Runs in every worker beside the relay's other work."""

    def __init__(self, sessions: Sessions, client: Client, settings: Settings) -> None:
        self.sessions = sessions
        self.client = client
        self.settings = settings

    async def carry(self) -> int:
        """Start asking those who are silent. Answers 0, so that it is looked again after the longest pause only."""
        for partner in await asyncio.to_thread(self._silent):
            try:
                await self.client.start_workflow(INQUIRY_WORKFLOW, **inquiry_start(self.settings, partner))
            except WorkflowAlreadyStartedError:
                # It goes on until nothing is due.
                pass
            except RPCError as trouble:
                log.warning("inquiry_not_started", partner=partner, status=trouble.status.name)
        return 0

    def _silent(self) -> list[str]:
        now, plan = datetime.now(UTC), self.settings.inquiries
        with self.sessions() as session:
            return list(session.scalars(DUE, {"wms": now - plan.wms, "tms": now - plan.tms}))
