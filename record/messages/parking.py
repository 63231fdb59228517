"""Parking: messages that are tried no more wait for a person, with all later ones of their order."""

from collections.abc import Collection, Mapping
from datetime import timedelta

import structlog
from sqlalchemy import text
from sqlalchemy.orm import Session

from models.messaging import IS_WAITING
from record.messages import not_told

log = structlog.get_logger()

PARKED_AT_ONCE = 1_000
"""Orders whose messages are parked in one transaction."""
BEHIND = "an earlier message of the order is parked"
ANY_PARKED = text("SELECT EXISTS (SELECT FROM messages WHERE recipient = :recipient AND parked_at IS NOT NULL)")

# A message queued behind a parked one is parked too, whatever its age.
_PARK = f"""
    UPDATE messages SET parked_at = now(), last_error = coalesce(last_error, :problem)
    WHERE recipient = :recipient AND {IS_WAITING} AND order_id IN (
        SELECT order_id FROM messages AS m
        WHERE recipient = :recipient AND {IS_WAITING} AND {{which}}
        GROUP BY order_id LIMIT {PARKED_AT_ONCE})
    RETURNING message_id, order_id, sequence, redelivered_at, last_error
"""
PARK_OLD = text(
    _PARK.format(
        which="""(CAST(:orders AS text[]) IS NULL OR order_id = ANY(:orders))
            AND coalesce(redelivered_at, created_at) < now() - :give_up_after"""
    )
)
PARK_BEHIND = text(
    _PARK.format(
        which="""EXISTS (
            SELECT FROM messages AS ahead
            WHERE ahead.order_id = m.order_id AND ahead.recipient = m.recipient AND ahead.sequence < m.sequence
              AND ahead.sent_at IS NULL AND ahead.parked_at IS NOT NULL)"""
    )
)
PARK_ORDER = text(f"""
    UPDATE messages SET parked_at = now(), tries = tries + 1, last_error = :problem
    WHERE recipient = :recipient AND order_id = :order_id AND {IS_WAITING}
    RETURNING message_id, order_id, sequence, redelivered_at, last_error
""")


def park_refused(session: Session, recipient: str, refused: Mapping[str, str]) -> None:
    """Park the messages of orders refused for good, by order id with the code, for a person: no retry would help."""
    for order_id, code in refused.items():
        values = {"recipient": recipient, "order_id": order_id, "problem": code}
        not_told.raise_alerts(session, recipient, session.execute(PARK_ORDER, values).all())


def park_old(session: Session, recipient: str, give_up_after: timedelta, orders: Collection[str] | None = None) -> bool:
    """Park the messages of these orders, or of all, whose oldest waited longer than `give_up_after`, and raise their
    alerts. True when there may be more."""
    whose = {"orders": None if orders is None else list(orders), "give_up_after": give_up_after}
    parked = session.execute(PARK_OLD, {"recipient": recipient, "problem": BEHIND, **whose}).all()
    if parked:
        not_told.raise_alerts(session, recipient, parked)
        log.error("messages_parked", recipient=recipient, count=len(parked))
    return len({row.order_id for row in parked}) >= PARKED_AT_ONCE


def park_behind(session: Session, recipient: str) -> None:
    """Park messages behind a parked one of their order, for which a person was called already."""
    if session.scalar(ANY_PARKED, {"recipient": recipient}):
        session.execute(PARK_BEHIND, {"recipient": recipient, "problem": BEHIND})
