"""The queue of accepted orders: channels take turns, and Temporal gets no more orders than the workers keep up with."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Row, TextClause

from models.database import Sessions, autocommit
from models.prepared import prepared

BATCH = 50

# An order that was not audited within a minute is stuck for a reason of its own and must not stop the others.
_ROOM = """
    SELECT :ahead - count(*) AS free FROM orders
    WHERE status = 'received' AND workflow_started_at IS NOT NULL
      AND workflow_started_at > now() - interval '1 minute'
"""


def _take(order_by: str) -> TextClause:
    """Reads the oldest orders of each channel by an index, so that it is cheap however long the backlog is."""
    return prepared(f"""
        WITH RECURSIVE room AS MATERIALIZED ({_ROOM}), channels(channel) AS (
            (SELECT channel FROM orders WHERE workflow_started_at IS NULL ORDER BY channel LIMIT 1)
            UNION ALL
            SELECT (SELECT channel FROM orders WHERE workflow_started_at IS NULL AND channel > before.channel
                    ORDER BY channel LIMIT 1)
            FROM channels before WHERE before.channel IS NOT NULL
        ), waiting AS (
            SELECT oldest.order_id, oldest.relay_after,
                   row_number() OVER (PARTITION BY channels.channel ORDER BY oldest.relay_after) AS turn
            FROM channels CROSS JOIN LATERAL (
                SELECT order_id, relay_after FROM orders
                WHERE workflow_started_at IS NULL AND orders.channel = channels.channel AND relay_after <= now()
                  AND (SELECT free FROM room) > 0
                ORDER BY relay_after LIMIT :batch FOR UPDATE SKIP LOCKED) AS oldest
        ), taken AS (
            UPDATE orders SET relay_after = now() + interval '30 seconds'
            WHERE order_id = ANY(ARRAY(
                SELECT order_id FROM waiting ORDER BY {order_by}
                LIMIT greatest(least(:batch, (SELECT free FROM room)), 0)))
            RETURNING order_id, channel, channel_order_id, customer_id, units, tags, edition)
        SELECT room.free, taken.* FROM room LEFT JOIN taken ON true
    """)


TAKE_FAIRLY = _take("turn, relay_after")
TAKE_OLDEST = _take("relay_after")


class Taken(NamedTuple):
    """`busy` is True if the relay should look again soon: there were orders, or no room for them."""

    orders: Sequence[Row[Any]]
    busy: bool


class OrderQueue:
    """Takes orders from the backlog, fairly between channels or strictly by age, while fewer than `ahead` started
    orders wait for their audit. Relays that take at the same time may exceed that by a batch each."""

    def __init__(self, sessions: Sessions, fair: bool, ahead: int) -> None:
        self._sessions = sessions
        self._take = TAKE_FAIRLY if fair else TAKE_OLDEST
        self._ahead = ahead

    def take(self) -> Taken:
        """Lease the next orders for half a minute."""
        with autocommit(self._sessions) as session:
            rows = session.execute(self._take, {"batch": BATCH, "ahead": self._ahead}).all()
        orders = tuple(row for row in rows if row.order_id is not None)
        return Taken(orders, busy=bool(orders) or rows[0].free <= 0)
