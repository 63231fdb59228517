"""The alert of an order with parked messages: raised with the first one, cleared when the recipient took all."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from domain.milestones import NOT_TOLD
from record import journal
from record.journal import Fact

REASON = "not told: "
"""The prefix of this attention, by which it is known from other reasons."""
# Parked, or sent again by a person and not taken yet.
_OPEN = "sent_at IS NULL AND (parked_at IS NOT NULL OR redelivered_at IS NOT NULL)"
# Attention for other reasons is not overwritten.
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


def raise_alerts(session: Session, recipient: str, rows: Sequence[Row[Any]]) -> None:
    """Log the parked messages, and raise an alert once per order.

    Orders that had messages parked before have their alert already.
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
    update_attention(session, {row.order_id for row in rows})


def clear_alerts(session: Session, message_ids: Collection[str]) -> None:
    """Clear the alerts of orders of which the recipient has now taken all messages."""
    over = session.execute(OVER, {"taken": list(message_ids)}).all()
    keys = [(row.order_id, f"alert:{NOT_TOLD}:{row.message_id}:over") for row in over]
    journal.append_facts(session, [Fact(order_id, "alert.cleared", key, {"code": NOT_TOLD}) for order_id, key in keys])
    if over:
        update_attention(session, {row.order_id for row in over})


def update_attention(session: Session, orders: Collection[str]) -> None:
    """Set or clear the attention of these orders, unless it has another reason.

    The rows are locked in one sequence, so that two transactions never deadlock.
    """
    session.execute(text("SELECT FROM orders WHERE order_id = ANY(:orders) ORDER BY order_id FOR UPDATE"), _of(orders))
    session.execute(ATTENTION, _of(orders))


def _of(orders: Collection[str]) -> dict[str, list[str]]:
    return {"orders": sorted(orders)}
