"""What others are to hear: carried from the log into the queues of subscribers; runs begin where something is due."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import structlog
from sqlalchemy import text
from temporalio.client import Client
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError

from domain.milestones import RECIPIENTS
from models.database import Sessions
from models.horizon import LogHorizon
from models.messaging import IS_LEFT
from settings import Settings
from subscriptions import queue
from workflows.starting import DELIVERY_WORKFLOW, REDELIVERY_WORKFLOW, delivery_start, redelivery_start

log = structlog.get_logger()

CLEAN_EVERY_SECONDS = 60.0
# A look at the head of an index for each recipient; to count what waits would be a look at all of it.
LEFT = text(f"""
    SELECT recipient FROM unnest(CAST(:recipients AS text[])) AS known(recipient)
    WHERE EXISTS (SELECT FROM messages m WHERE m.recipient = known.recipient AND {IS_LEFT})
""")


class MessageNews:
    """Runs in every worker beside the relay's other work. While nobody subscribes it asks two questions and no more."""

    def __init__(self, sessions: Sessions, client: Client, settings: Settings) -> None:
        self.sessions = sessions
        self.client = client
        self.settings = settings
        self.horizon = LogHorizon()
        self._clean_at = 0.0

    async def carry(self) -> int:
        """Fill the queues and start what is to be told; answer how many have something to be told."""
        subscribers = await asyncio.to_thread(self._fill)
        for subscription_id in subscribers:
            await self._start(DELIVERY_WORKFLOW, delivery_start, subscription_id)
        recipients = await asyncio.to_thread(self._untold)
        for recipient in recipients:
            await self._start(REDELIVERY_WORKFLOW, redelivery_start, recipient)
        return len(subscribers) + len(recipients)

    def _fill(self) -> list[str]:
        with self.sessions.begin() as session:
            if not queue.anybody_listens(session):
                return []
            horizon = self.horizon.look(session)
            behind = queue.subscribers_behind(session, horizon)
        for subscription_id in behind:
            more = True
            while more:
                with self.sessions.begin() as session:
                    more = queue.fill(session, subscription_id, horizon)
        with self.sessions.begin() as session:
            if time.monotonic() >= self._clean_at:
                queue.forget_old(session, self.settings.deliveries_kept)
                self._clean_at = time.monotonic() + CLEAN_EVERY_SECONDS
            return queue.subscribers_to_tell(session)

    def _untold(self) -> list[str]:
        with self.sessions() as session:
            return list(session.scalars(LEFT, {"recipients": list(RECIPIENTS)}))

    async def _start(self, workflow: str, start: Callable[[Settings, str], dict[str, Any]], whom: str) -> None:
        try:
            await self.client.start_workflow(workflow, **start(self.settings, whom))
        except WorkflowAlreadyStartedError:
            # It goes on until nothing is due.
            pass
        except RPCError as trouble:
            log.warning("messages_not_started", whom=whom, status=trouble.status.name)
