"""When a workflow has closed, what support needs of its history is kept, long before Temporal forgets it.

It is done minutes later and a few at a time, so that a peak of orders is not slowed down by it.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import structlog
from sqlalchemy import Row, text
from sqlalchemy.dialects.postgresql import insert
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from domain.ids import order_workflow_id, return_workflow_id
from models.database import Sessions
from models.history import KeptHistoryRow
from relay.isolation import Isolation
from settings import Settings
from workflows.history import Happening, fetch_happenings, has_ended

log = structlog.get_logger()

AT_ONCE = 5
# Taken by a lease that grows, since a workflow may tell of its end for days before it closes.
TAKE = text("""
    WITH taken AS (
        UPDATE histories_due SET tries = tries + 1,
            look_after = now() + least(interval '1 hour', interval '1 minute' * power(2, least(tries, 10)))
        WHERE subject = ANY(ARRAY(SELECT subject FROM histories_due WHERE look_after <= now()
            ORDER BY look_after LIMIT :at_once FOR UPDATE SKIP LOCKED))
        RETURNING subject)
    SELECT subject, orders.order_id, channel, channel_order_id, case_id
    FROM taken LEFT JOIN returns ON return_id = subject
    JOIN orders ON orders.order_id = coalesce(returns.order_id, subject)
""")
DONE = text("DELETE FROM histories_due WHERE subject = :subject")


class Histories:
    """Runs in every worker beside the relay's other work; several take different workflows."""

    def __init__(self, sessions: Sessions, client: Client, settings: Settings) -> None:
        self.sessions = sessions
        self.client = client
        self.settings = settings
        self.isolation = Isolation(sessions)

    async def carry(self) -> int:
        """Keep the histories of a few workflows, if they have closed; answer how many were looked at."""
        due = await asyncio.to_thread(self._take)
        looked = [await self.isolation.attempt("history", [row.subject], self._keep(row)) for row in due]
        return sum(one is not None for one in looked)

    async def _keep(self, row: Row[Any]) -> bool:
        if row.case_id is None:
            workflow_id = order_workflow_id(row.channel, row.channel_order_id)
        else:
            workflow_id = return_workflow_id(row.channel, row.channel_order_id, row.case_id)
        try:
            told = await fetch_happenings(self.client, workflow_id, self.settings.rpc_timeout)
        except RPCError as trouble:
            if trouble.status != RPCStatusCode.NOT_FOUND:
                raise
            log.warning("history_forgotten", workflow_id=workflow_id)
            told = []
        if told and not has_ended(told):
            return False
        await asyncio.to_thread(self._write, row, workflow_id, told)
        return True

    def _take(self) -> Sequence[Row[Any]]:
        with self.sessions.begin() as session:
            return session.execute(TAKE, {"at_once": AT_ONCE}).all()

    def _write(self, row: Row[Any], workflow_id: str, told: Sequence[Happening]) -> None:
        kept = [asdict(happening) | {"at": happening.at.isoformat()} for happening in told]
        values = {"workflow_id": workflow_id, "order_id": row.order_id, "happenings": kept}
        with self.sessions.begin() as session:
            if kept:
                session.execute(insert(KeptHistoryRow).values(values).on_conflict_do_nothing())
            session.execute(DONE, {"subject": row.subject})
