"""Keeps what support needs of a closed workflow's history, long before Temporal's retention ends.

It runs minutes after the end and a few workflows at a time, so that it does not slow down a peak of orders.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import structlog
from sqlalchemy import Row, text
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from domain.ids import order_workflow_id, return_workflow_id
from models.database import Sessions
from models.packed import pack
from relay.isolation import Isolation
from settings import Settings
from workflows.history import Happening, fetch_happenings, has_ended

log = structlog.get_logger()

AT_ONCE = 5
# The lease grows, since a workflow may go on sending its last messages for days before it closes.
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
KEEP = text("""
    INSERT INTO kept_histories (workflow_id, order_id, happenings)
    VALUES (:workflow_id, :order_id, CAST(:happenings AS jsonb)) ON CONFLICT DO NOTHING
""")
DONE = text("DELETE FROM histories_due WHERE subject = :subject")


class HistoryJob:
    """Runs in every worker beside the relay's other jobs; several lease different workflows."""

    def __init__(self, sessions: Sessions, client: Client, settings: Settings) -> None:
        self.sessions = sessions
        self.client = client
        self.settings = settings
        self.isolation = Isolation(sessions)

    async def carry(self) -> int:
        """Keep the histories of a few workflows, if they have closed. Return how many were looked at."""
        due = await asyncio.to_thread(self._take)
        kept = [await self.isolation.attempt("history", [row.subject], self._keep(row)) for row in due]
        return sum(one is not None for one in kept)

    async def _keep(self, row: Row[Any]) -> bool:
        if row.case_id is None:
            workflow_id = order_workflow_id(row.channel, row.channel_order_id)
        else:
            workflow_id = return_workflow_id(row.channel, row.channel_order_id, row.case_id)
        try:
            happenings = await fetch_happenings(self.client, workflow_id, self.settings.rpc_timeout)
        except RPCError as trouble:
            if trouble.status != RPCStatusCode.NOT_FOUND:
                raise
            log.warning("history_forgotten", workflow_id=workflow_id)
            happenings = []
        if happenings and not has_ended(happenings):
            return False
        await asyncio.to_thread(self._write, row, workflow_id, happenings)
        return True

    def _take(self) -> Sequence[Row[Any]]:
        with self.sessions.begin() as session:
            return session.execute(TAKE, {"at_once": AT_ONCE}).all()

    def _write(self, row: Row[Any], workflow_id: str, happenings: Sequence[Happening]) -> None:
        kept = json.dumps(stored_form(happenings))
        values = {"workflow_id": workflow_id, "order_id": row.order_id, "happenings": kept}
        with self.sessions.begin() as session:
            if happenings:
                session.execute(KEEP, values)
            session.execute(DONE, {"subject": row.subject})


def stored_form(happenings: Sequence[Happening]) -> Any:
    """Return what is written to `kept_histories`: packed, unless something failed, which SQL must be able to erase."""
    kept = [asdict(happening) | {"at": happening.at.isoformat()} for happening in happenings]
    return kept if any(happening.failure for happening in happenings) else pack(kept)
