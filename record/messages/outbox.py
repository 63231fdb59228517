"""Outgoing messages: fresh, left to the run of their recipient, taken or parked.

A recipient gets the messages of one order in their order. So a message that is not taken delays the later ones, which
are left to the same run or parked with it (docs/decisions/messages.md).
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import ARRAY, ColumnElement, Text, TextClause, any_, bindparam, cast, func, select, text, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session, aliased

from domain.milestones import PICKUP_CODE
from models.base import table
from models.messaging import IS_LEFT, MessageRow
from record.messages import not_told
from record.messages.letters import Letter

log = structlog.get_logger()

AT_ONCE = 100
PARKED_AT_ONCE = 1_000
"""Orders whose messages are parked in one transaction."""
BEHIND = "an earlier message of the order is parked"
UNSYNCHRONIZED = {"synchronize_session": False}
M = MessageRow
WAITS = M.sent_at.is_(None), M.parked_at.is_(None)

# Built once: building a statement costs more than sending it.
_MESSAGES = table(MessageRow)
_MARK_TAKEN = (
    _MESSAGES.update()
    .where(_MESSAGES.c.message_id == any_(bindparam("taken", type_=ARRAY(Text))))
    .where(_MESSAGES.c.sent_at.is_(None), _MESSAGES.c.parked_at.is_(None))
    .values(
        sent_at=func.now(),
        tries=_MESSAGES.c.tries + 1,
        last_error=None,
        data=_MESSAGES.c.data.op("-")(cast(PICKUP_CODE, Text)),
        digest=bindparam("digests", type_=JSONB)[_MESSAGES.c.message_id].astext,
        same_as=bindparam("repeats", type_=JSONB)[_MESSAGES.c.message_id].astext,
    )
)

# Read from an index in this order, so that a long queue costs no more than a short one.
LEFT = text(f"""
    SELECT message_id FROM messages AS m
    WHERE recipient = :recipient AND {IS_LEFT} AND NOT EXISTS (
        SELECT FROM messages AS ahead
        WHERE ahead.order_id = m.order_id AND ahead.recipient = m.recipient AND ahead.sent_at IS NULL
          AND ahead.sequence < m.sequence
          AND (ahead.left_at IS NULL OR ahead.parked_at IS NOT NULL OR ahead.tries > m.tries))
    ORDER BY tries, sequence LIMIT :at_once
""")
# A message queued behind a parked one is parked too, whatever its age.
_PARK = f"""
    UPDATE messages
    SET left_at = coalesce(left_at, now()), parked_at = now(), last_error = coalesce(last_error, :problem)
    WHERE recipient = :recipient AND sent_at IS NULL AND parked_at IS NULL AND order_id IN (
        SELECT order_id FROM messages AS m
        WHERE recipient = :recipient AND {IS_LEFT} AND (CAST(:orders AS text[]) IS NULL OR order_id = ANY(:orders))
          AND {{which}}
        GROUP BY order_id LIMIT {PARKED_AT_ONCE})
    RETURNING message_id, order_id, sequence, redelivered_at, last_error
"""
PARK_OLD = text(_PARK.format(which="coalesce(redelivered_at, created_at) < now() - :give_up_after"))
PARK_BEHIND = text(
    _PARK.format(
        which="""EXISTS (
            SELECT FROM messages AS ahead
            WHERE ahead.order_id = m.order_id AND ahead.recipient = m.recipient AND ahead.sequence < m.sequence
              AND ahead.sent_at IS NULL AND ahead.parked_at IS NOT NULL)"""
    )
)
PARK_ORDER = text("""
    UPDATE messages
    SET left_at = coalesce(left_at, now()), parked_at = now(), tries = tries + 1, last_error = :problem
    WHERE recipient = :recipient AND order_id = :order_id AND sent_at IS NULL AND parked_at IS NULL
    RETURNING message_id, order_id, sequence, redelivered_at, last_error
""")


def unsent(session: Session, order_id: str) -> dict[str, list[MessageRow]]:
    """Return the order's messages that were not taken yet, oldest first, by recipient."""
    found: dict[str, list[MessageRow]] = {}
    for message in session.scalars(select(M).where(M.order_id == order_id, M.sent_at.is_(None)).order_by(M.sequence)):
        found.setdefault(message.recipient, []).append(message)
    return found


def left_to(session: Session, recipient: str) -> list[MessageRow]:
    """Return the next messages for the recipient's run, those of one order in their order.

    The more often tried come last, so that a message that cannot be taken does not delay other orders.
    """
    message_ids = session.scalars(LEFT, {"recipient": recipient, "at_once": AT_ONCE}).all()
    return list(session.scalars(select(M).where(M.message_id.in_(message_ids)).order_by(M.tries, M.sequence)))


def leave_all(session: Session, order_id: str) -> None:
    """Leave the unsent messages of an order that has no workflow to the runs of their recipients."""
    _set(session, (M.order_id == order_id, M.left_at.is_(None), *WAITS), {"left_at": func.now()})


def mark_taken(session: Session, letters: Sequence[Letter]) -> None:
    """Mark letters as taken and store the digests of customers' texts. What was parked meanwhile stays parked: the
    recipient recognizes it when it is sent again."""
    if letters:
        values = {
            "taken": [letter.message_id for letter in letters],
            "digests": {letter.message_id: letter.digest for letter in letters if letter.digest},
            "repeats": {letter.message_id: letter.same_as for letter in letters if letter.same_as},
        }
        session.execute(_MARK_TAKEN, values)


def leave(session: Session, order_id: str, recipient: str, problem: str | None = None) -> None:
    """Leave an order's fresh messages to the recipient's run: they failed, or are behind such ones."""
    values: dict[str, Any] = {"left_at": func.now()}
    if problem is None:
        ahead = aliased(M)
        whose = ahead.order_id == order_id, ahead.recipient == recipient, ahead.sent_at.is_(None)
        # The same number of tries as those ahead of them, so that all go together.
        values["tries"] = select(func.max(ahead.tries)).where(*whose).scalar_subquery()
    else:
        values |= {"tries": M.tries + 1, "last_error": problem}
    _set(session, (M.order_id == order_id, M.recipient == recipient, M.left_at.is_(None), *WAITS), values)


def park_behind(session: Session, order_id: str, recipient: str) -> None:
    """Park an order's fresh messages behind a parked one, for which a person was called already."""
    parked = {"left_at": func.now(), "parked_at": func.now(), "last_error": BEHIND}
    _set(session, (M.order_id == order_id, M.recipient == recipient, M.left_at.is_(None), *WAITS), parked)


def park_refused(session: Session, recipient: str, refused: Mapping[str, str]) -> None:
    """Park the messages of orders refused for good, by order id with the code, for a person: no retry would help."""
    for order_id, code in refused.items():
        values = {"recipient": recipient, "order_id": order_id, "problem": code}
        not_told.raise_alerts(session, recipient, session.execute(PARK_ORDER, values).all())


def record_failures(session: Session, recipient: str, problems: Mapping[str, str]) -> None:
    """Store why the recipient did not take the messages of these orders, by order id.

    All messages of an order that are left count as tried, so that they stay together.
    """
    for problem in set(problems.values()):
        orders = [order_id for order_id, text_ in problems.items() if text_ == problem]
        tried = {"tries": M.tries + 1, "last_error": problem}
        _set(session, (M.order_id.in_(orders), M.recipient == recipient, M.left_at.is_not(None), *WAITS), tried)


def park_old(session: Session, recipient: str, give_up_after: timedelta, orders: Collection[str] | None = None) -> bool:
    """Park the messages of these orders, or of all, whose oldest waited longer than `give_up_after`, and raise their
    alerts. True when there may be more."""
    whose = {"orders": None if orders is None else list(orders)}
    return _park(session, PARK_OLD, recipient, whose | {"give_up_after": give_up_after})


def park_stuck(session: Session, recipient: str) -> bool:
    """Park messages that were left behind one that was parked at the same moment. True when there may be more."""
    return _park(session, PARK_BEHIND, recipient, {"orders": None})


def _park(session: Session, which: TextClause, recipient: str, values: Mapping[str, Any]) -> bool:
    parked = session.execute(which, {"recipient": recipient, "problem": BEHIND, **values}).all()
    if parked:
        not_told.raise_alerts(session, recipient, parked)
        log.error("messages_parked", recipient=recipient, count=len(parked))
    return len({row.order_id for row in parked}) >= PARKED_AT_ONCE


def _set(session: Session, where: tuple[ColumnElement[bool], ...], values: Mapping[str, Any]) -> None:
    session.execute(update(M).where(*where).values(values), execution_options=UNSYNCHRONIZED)
