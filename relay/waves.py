"""Releases waves: signals each order of a wave, no more at a time than can be passed on to the warehouses.

An order keeps no timer for its wave, so that thousands of them do not wake in the same second.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from domain.ids import order_workflow_id
from models.database import Sessions
from relay.isolation import Isolation
from relay.order_queue import BATCH
from settings import Settings

# Work that was released over a minute ago and is not at its warehouse is stuck for a reason of its own.
ON_THE_WAY = text("""
    SELECT count(*) FROM fulfillment_orders
    WHERE status = 'open' AND wave_told_at IS NOT NULL AND wave_told_at > now() - interval '1 minute'
""")
# The list is an array, which is computed once: a subquery could be evaluated for each row, and lock other rows.
TAKE = text("""
    UPDATE fulfillment_orders AS work SET wave_after = now() + interval '30 seconds'
    FROM orders
    WHERE orders.order_id = work.order_id AND work.fulfillment_order_id = ANY(ARRAY(
        SELECT fulfillment_order_id FROM fulfillment_orders
        WHERE wave_at IS NOT NULL AND wave_told_at IS NULL AND status = 'open' AND wave_after <= now()
        ORDER BY wave_after LIMIT :batch FOR UPDATE SKIP LOCKED))
    RETURNING work.fulfillment_order_id, orders.channel, orders.channel_order_id
""")
MARK = text("""
    UPDATE fulfillment_orders SET wave_told_at = now() WHERE fulfillment_order_id = ANY(ARRAY(
        SELECT fulfillment_order_id FROM fulfillment_orders WHERE fulfillment_order_id = ANY(:done)
        ORDER BY fulfillment_order_id FOR NO KEY UPDATE))
""")


class WaveJob:
    """Runs in every worker beside the relay's other jobs; `relay_ahead` work may be on its way to the warehouses."""

    def __init__(self, sessions: Sessions, client: Client, settings: Settings) -> None:
        self._isolation = Isolation(sessions)
        self._sessions = sessions
        self._client = client
        self._ahead = settings.relay_ahead
        self._rpc_timeout = settings.rpc_timeout

    async def carry(self) -> int:
        """Signal a batch of orders that their wave is released. Return how many took it."""
        rows = await asyncio.to_thread(self._take)
        signals = [self._isolation.attempt("wave", [row.fulfillment_order_id], self._signal(row)) for row in rows]
        taken = await asyncio.gather(*signals)
        done = [row.fulfillment_order_id for row, was_taken in zip(rows, taken, strict=True) if was_taken]
        if done:
            await asyncio.to_thread(self._mark, done)
        return len(done)

    def _take(self) -> Sequence[Row[Any]]:
        with self._sessions.begin() as session:
            room = self._ahead - int(session.scalar(ON_THE_WAY) or 0)
            return session.execute(TAKE, {"batch": min(BATCH, room)}).all() if room > 0 else ()

    def _mark(self, done: Sequence[str]) -> None:
        with self._sessions.begin() as session:
            session.execute(MARK, {"done": done})

    async def _signal(self, row: Row[Any]) -> bool:
        handle = self._client.get_workflow_handle(order_workflow_id(row.channel, row.channel_order_id))
        try:
            await handle.signal("wave_released", row.fulfillment_order_id, rpc_timeout=self._rpc_timeout)
        except RPCError as trouble:
            # An order that has ended has nothing to release.
            if trouble.status != RPCStatusCode.NOT_FOUND:
                raise
        return True
