"""Messages on their way out: fresh ones, those left to the run of their recipient, taken ones and parked ones.

Of one order a recipient hears the earlier before the later. So what is not taken holds up what comes after it: that
is left to the same run, or parked with it (docs/decisions/messages.md).
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
"""Orders whose messages one transaction parks."""
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

# An index gives them in this order, so that a look at a long queue costs no more than one at a short one.
LEFT = text(f"""
    SELECT message_id FROM messages AS m
    WHERE recipient = :recipient AND {IS_LEFT} AND NOT EXISTS (
        SELECT FROM messages AS ahead
        WHERE ahead.order_id = m.order_id AND ahead.recipient = m.recipient AND ahead.sent_at IS NULL
          AND ahead.sequence < m.sequence
          AND (ahead.left_at IS NULL OR ahead.parked_at IS NOT NULL OR ahead.tries > m.tries))
    ORDER BY tries, sequence LIMIT :at_once
""")
# What is behind a parked message is parked too, however young it is.
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
    """What the recipients of an order's messages have not taken yet, oldest first, by recipient."""
    found: dict[str, list[MessageRow]] = {}
    for message in session.scalars(select(M).where(M.order_id == order_id, M.sent_at.is_(None)).order_by(M.sequence)):
        found.setdefault(message.recipient, []).append(message)
    return found


def left_to(session: Session, recipient: str) -> list[MessageRow]:
    """The next messages that the recipient's run hands over, those of one order in their order.

    Orders that were tried come last, so that one message which cannot be taken keeps no other waiting.
    """
    message_ids = session.scalars(LEFT, {"recipient": recipient, "at_once": AT_ONCE}).all()
    return list(session.scalars(select(M).where(M.message_id.in_(message_ids)).order_by(M.tries, M.sequence)))


def leave_all(session: Session, order_id: str) -> None:
    """Leave the unsent messages of an order that has no workflow to the runs of their recipients."""
    _set(session, (M.order_id == order_id, M.left_at.is_(None), *WAITS), {"left_at": func.now()})


def mark_taken(session: Session, letters: Sequence[Letter]) -> None:
    """Of a text for the customer it is kept by what it is known again. What was parked meanwhile stays parked: the
    recipient will know it when it comes again."""
    if letters:
        told = {
            "taken": [letter.message_id for letter in letters],
            "digests": {letter.message_id: letter.digest for letter in letters if letter.digest},
            "repeats": {letter.message_id: letter.same_as for letter in letters if letter.same_as},
        }
        session.execute(_MARK_TAKEN, told)


def leave(session: Session, order_id: str, recipient: str, problem: str | None = None) -> None:
    """Leave an order's fresh messages to the recipient's run: they were tried in vain, or are behind such ones."""
    left: dict[str, Any] = {"left_at": func.now()}
    if problem is None:
        ahead = aliased(M)
        whose = ahead.order_id == order_id, ahead.recipient == recipient, ahead.sent_at.is_(None)
        # As often tried as those ahead of them, so that all go together.
        left["tries"] = select(func.max(ahead.tries)).where(*whose).scalar_subquery()
    else:
        left |= {"tries": M.tries + 1, "last_error": problem}
    _set(session, (M.order_id == order_id, M.recipient == recipient, M.left_at.is_(None), *WAITS), left)


def park_behind(session: Session, order_id: str, recipient: str) -> None:
    """Park an order's fresh messages: one before them is parked, and a person was called for it."""
    parked = {"left_at": func.now(), "parked_at": func.now(), "last_error": BEHIND}
    _set(session, (M.order_id == order_id, M.recipient == recipient, M.left_at.is_(None), *WAITS), parked)


def park_refused(session: Session, recipient: str, refused: Mapping[str, str]) -> None:
    """Let a person see to what is refused for good, by order with the code: the answer would always be the same."""
    for order_id, code in refused.items():
        values = {"recipient": recipient, "order_id": order_id, "problem": code}
        not_told.parked(session, recipient, session.execute(PARK_ORDER, values).all())


def tried_in_vain(session: Session, recipient: str, problems: Mapping[str, str]) -> None:
    """Write down for these orders what keeps the recipient from taking their messages.

    All that is left of an order counts as tried, so that its messages stay together.
    """
    for problem in set(problems.values()):
        orders = [order_id for order_id, text_ in problems.items() if text_ == problem]
        tried = {"tries": M.tries + 1, "last_error": problem}
        _set(session, (M.order_id.in_(orders), M.recipient == recipient, M.left_at.is_not(None), *WAITS), tried)


def park_old(session: Session, recipient: str, give_up_after: timedelta, orders: Collection[str] | None = None) -> bool:
    """Let messages of these orders, or of all, wait for a person when the oldest has waited too long; a person is told
    by each order. True when there may be more."""
    whose = {"orders": None if orders is None else list(orders)}
    return _park(session, PARK_OLD, recipient, whose | {"give_up_after": give_up_after})


def park_stuck(session: Session, recipient: str) -> bool:
    """The same for what was left behind a message that was parked at the same moment."""
    return _park(session, PARK_BEHIND, recipient, {"orders": None})


def _park(session: Session, which: TextClause, recipient: str, values: Mapping[str, Any]) -> bool:
    parked = session.execute(which, {"recipient": recipient, "problem": BEHIND, **values}).all()
    if parked:
        not_told.parked(session, recipient, parked)
        log.error("messages_parked", recipient=recipient, count=len(parked))
    return len({row.order_id for row in parked}) >= PARKED_AT_ONCE


def _set(session: Session, where: tuple[ColumnElement[bool], ...], values: Mapping[str, Any]) -> None:
    session.execute(update(M).where(*where).values(values), execution_options=UNSYNCHRONIZED)
