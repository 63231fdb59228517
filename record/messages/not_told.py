"""The alert that somebody was not told of an order: raised with its first parked message, over when all are taken."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from domain.milestones import NOT_TOLD
from record import journal
from record.journal import Fact

REASON = "not told: "
"""How the attention that an order needs for it begins, so that it can be told from other reasons."""
# Parked, or sent again by a person and not taken yet.
_OPEN = "sent_at IS NULL AND (parked_at IS NOT NULL OR redelivered_at IS NOT NULL)"
# Other reasons to look stand until they are over.
ATTENTION = text(f"""
    UPDATE orders SET attention = '{REASON}' || names
    FROM (
        SELECT one.order_id, (
            SELECT string_agg(DISTINCT recipient, ', ') FROM messages AS m
            WHERE m.order_id = one.order_id AND {_OPEN}) AS names
        FROM unnest(CAST(:orders AS text[])) AS one(order_id)) AS whom
    WHERE orders.order_id = whom.order_id AND (attention IS NULL OR attention LIKE '{REASON}%')
""")
OVER = text(f"""
    SELECT taken.order_id, max(taken.message_id) AS message_id FROM messages AS taken
    WHERE message_id = ANY(:taken) AND redelivered_at IS NOT NULL AND sent_at IS NOT NULL AND NOT EXISTS (
        SELECT FROM messages AS other
        WHERE other.order_id = taken.order_id AND other.recipient = taken.recipient AND {_OPEN})
    GROUP BY taken.order_id ORDER BY taken.order_id
""")


def parked(session: Session, recipient: str, rows: Sequence[Row[Any]]) -> None:
    """Say in the logs of the orders what is parked, and call a person once for each order.

    What had been parked before was told then, and is not over.
    """
    facts = list[Fact]()
    known = {row.order_id for row in rows if row.redelivered_at is not None}
    for row in sorted(rows, key=lambda row: int(row.sequence)):
        data = {"message_id": row.message_id, "problem": row.last_error}
        facts.append(Fact(row.order_id, "message.parked", f"parked:{row.message_id}", data))
        if row.order_id not in known:
            known.add(row.order_id)
            alert = {"code": NOT_TOLD, "reason": f"{recipient}: {row.last_error}"}
            facts.append(Fact(row.order_id, "alert.raised", f"alert:{NOT_TOLD}:{row.message_id}", alert))
    journal.append_facts(session, facts)
    look(session, {row.order_id for row in rows})


def taken(session: Session, message_ids: Collection[str]) -> None:
    """Of orders of which the recipient has now taken all, the alert is over."""
    over = session.execute(OVER, {"taken": list(message_ids)}).all()
    keys = [(row.order_id, f"alert:{NOT_TOLD}:{row.message_id}:over") for row in over]
    journal.append_facts(session, [Fact(order_id, "alert.cleared", key, {"code": NOT_TOLD}) for order_id, key in keys])
    if over:
        look(session, {row.order_id for row in over})


def look(session: Session, orders: Collection[str]) -> None:
    """Write for these orders that a person should look, or need not any more, where nothing else calls for it.

    Orders' rows are touched in one sequence, so that two who do this never wait for each other.
    """
    session.execute(text("SELECT FROM orders WHERE order_id = ANY(:orders) ORDER BY order_id FOR UPDATE"), _of(orders))
    session.execute(ATTENTION, _of(orders))


def _of(orders: Collection[str]) -> dict[str, list[str]]:
    return {"orders": sorted(orders)}
