"""What others are to hear: carried from the log into the queues of subscribers; runs begin where something is due."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import text
from temporalio.client import Client
from temporalio.exceptions import WorkflowAlreadyStartedError

from domain.milestones import RECIPIENTS
from models.database import Sessions
from models.horizon import LogHorizon
from models.messaging import IS_LEFT
from record.subscriptions import queue
from relay.isolation import Isolation
from settings import Settings
from workflows.starting import DELIVERY_WORKFLOW, REDELIVERY_WORKFLOW, delivery_start, redelivery_start

CLEAN_EVERY_SECONDS = 60.0
# A look at the head of an index for each recipient; to count what waits would be a look at all of it.
LEFT = text(f"""
    SELECT recipient FROM unnest(CAST(:recipients AS text[])) AS known(recipient)
    WHERE EXISTS (SELECT FROM messages m WHERE m.recipient = known.recipient AND {IS_LEFT})
""")


class MessageNews:
    """Runs in every worker beside the relay's other work. While nobody subscribes it asks two questions and no more."""

    def __init__(self, sessions: Sessions, client: Client, settings: Settings) -> None:
        self.isolation = Isolation(sessions)
        self.sessions = sessions
        self.client = client
        self.settings = settings
        self.horizon = LogHorizon()
        self._up_to = 0
        self._clean_at = 0.0

    async def carry(self) -> int:
        """Fill the queues and start what is to be told; answer how many have something to be told."""
        behind = await asyncio.to_thread(self._behind)
        for subscription_id in behind or ():
            await self.isolation.attempt(
                "subscription", [subscription_id], asyncio.to_thread(self._fill, subscription_id)
            )
        subscribers = [] if behind is None else await asyncio.to_thread(self._due)
        for subscription_id, channel in subscribers:
            await self._start(DELIVERY_WORKFLOW, delivery_start, subscription_id, channel)
        recipients = await asyncio.to_thread(self._untold)
        for recipient in recipients:
            await self._start(REDELIVERY_WORKFLOW, redelivery_start, recipient)
        return len(subscribers) + len(recipients)

    def _behind(self) -> list[str] | None:
        """Whose queue lacks what the log has up to the horizon; None while nobody listens."""
        with self.sessions.begin() as session:
            if not queue.anybody_listens(session):
                return None
            self._up_to = self.horizon.look(session)
            return queue.subscribers_behind(session, self._up_to)

    def _fill(self, subscription_id: str) -> None:
        more = True
        while more:
            with self.sessions.begin() as session:
                more = queue.fill(session, subscription_id, self._up_to)

    def _due(self) -> list[tuple[str, str | None]]:
        with self.sessions.begin() as session:
            if time.monotonic() >= self._clean_at:
                queue.forget_old(session, self.settings.deliveries_kept)
                self._clean_at = time.monotonic() + CLEAN_EVERY_SECONDS
            return queue.subscribers_to_tell(session)

    def _untold(self) -> list[str]:
        with self.sessions() as session:
            return list(session.scalars(LEFT, {"recipients": list(RECIPIENTS)}))

    async def _start(self, workflow: str, start: Callable[..., dict[str, Any]], *whom: str | None) -> None:
        """A run that is there already goes on until nothing is due."""
        try:
            await self.client.start_workflow(workflow, **start(self.settings, *whom))
        except WorkflowAlreadyStartedError:
            pass
        except Exception as trouble:
            self.isolation.told("messages", [str(whom[0])], trouble)
