"""Fills the queues of subscribers from the log, and starts a run for each subscriber or recipient with anything due."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from temporalio.client import Client
from temporalio.exceptions import WorkflowAlreadyStartedError

from domain.milestones import RECIPIENTS
from models.database import Sessions, reading
from models.messaging import IS_WAITING
from models.prepared import prepared
from record.horizon import LogHorizon
from record.subscriptions import queue
from relay.isolation import Isolation
from settings import Settings
from workflows.starting import DELIVERY_WORKFLOW, REDELIVERY_WORKFLOW, delivery_start, redelivery_start

CLEAN_EVERY_SECONDS = 60.0
LONGEST_REST_SECONDS = 4.0
"""A run goes on for longer than this without anything to do (activities/redeliver.py), so it is not started again
meanwhile."""
# Reads the head of an index for each recipient; counting what waits would read all of it.
WAITING = prepared(f"""
    SELECT recipient FROM unnest(CAST(:recipients AS text[])) AS known(recipient)
    WHERE EXISTS (SELECT FROM messages m WHERE m.recipient = known.recipient AND {IS_WAITING})
""")


class MessageJob:
    """Runs in every worker beside the relay's other jobs. While nobody subscribes, a round costs two queries."""

    def __init__(self, sessions: Sessions, client: Client, settings: Settings) -> None:
        self.isolation = Isolation(sessions)
        self.sessions = sessions
        self.client = client
        self.settings = settings
        self.horizon = LogHorizon()
        self._up_to = 0
        self._clean_at = 0.0
        self._rests = dict[str, _Rest]()
        """By recipient with messages that wait, since its run was last found at work."""

    async def carry(self) -> int:
        """Fill the queues and start the runs. Return how many subscribers and recipients have something due."""
        behind = await asyncio.to_thread(self._behind)
        for subscription_id in behind or ():
            await self.isolation.attempt(
                "subscription", [subscription_id], asyncio.to_thread(self._fill, subscription_id)
            )
        subscribers = [] if behind is None else await asyncio.to_thread(self._due)
        for subscription_id, channel in subscribers:
            await self._start(DELIVERY_WORKFLOW, delivery_start, subscription_id, channel)
        recipients = await asyncio.to_thread(self._recipients_behind)
        await self._start_runs(recipients)
        return len(subscribers) + len(recipients)

    def _behind(self) -> list[str] | None:
        """Return the subscribers whose queue lacks facts of the log up to the horizon; None if nobody subscribes."""
        with reading(self.sessions) as session:
            if not queue.has_subscribers(session):
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
                queue.delete_old(session, self.settings.deliveries_kept)
                self._clean_at = time.monotonic() + CLEAN_EVERY_SECONDS
            return queue.subscribers_due(session)

    def _recipients_behind(self) -> list[str]:
        with reading(self.sessions) as session:
            return list(session.scalars(WAITING, {"recipients": list(RECIPIENTS)}))

    async def _start_runs(self, recipients: Sequence[str]) -> None:
        """Start the recipients' runs. One that is at work takes what comes: it is left alone for longer and longer."""
        now = time.monotonic()
        self._rests = {name: rest for name, rest in self._rests.items() if name in recipients or not rest.is_over(now)}
        for recipient in recipients:
            rest = self._rests.setdefault(recipient, _Rest())
            if time.monotonic() < rest.until:
                continue
            if await self._start(REDELIVERY_WORKFLOW, redelivery_start, recipient):
                del self._rests[recipient]
            else:
                rest.prolong()

    async def _start(self, workflow: str, start: Callable[..., dict[str, Any]], *receiver: str | None) -> bool:
        """Start a run; one that is there already goes on until nothing is due. False in that case."""
        try:
            await self.client.start_workflow(workflow, **start(self.settings, *receiver))
        except WorkflowAlreadyStartedError:
            return False
        except Exception as error:
            self.isolation.report("messages", [str(receiver[0])], error)
        return True


@dataclass
class _Rest:
    """How long a run is left alone."""

    seconds: float = 0.25
    until: float = 0.0

    def prolong(self) -> None:
        self.seconds = min(2 * self.seconds, LONGEST_REST_SECONDS)
        self.until = time.monotonic() + self.seconds

    def is_over(self, now: float) -> bool:
        """True if nothing has waited for so long that the run may have ended."""
        return now - self.until > LONGEST_REST_SECONDS
