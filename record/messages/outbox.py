"""Outgoing messages: which are due, and which were taken.

A recipient gets the messages of one order in their order. So a message that is not taken delays the later ones, which
are tried with it, or parked with it (record/messages/parking.py, docs/decisions/messages.md).
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import ARRAY, Text, any_, bindparam, cast, exists, func, select, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session, aliased

from domain.milestones import PICKUP_CODE, RECIPIENTS
from models.base import table
from models.messaging import MessageRow
from models.prepared import prepared
from record.messages.letters import Letter

AT_ONCE = 100
M, AHEAD = MessageRow, aliased(MessageRow)
WAITS = M.sent_at.is_(None), M.parked_at.is_(None)
OF_RECIPIENT = M.recipient == bindparam("recipient")

# Built once: building a statement costs more than sending it.
_MESSAGES = table(MessageRow)
_MARK_TAKEN = prepared(
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
    .returning(_MESSAGES.c.message_id, _MESSAGES.c.redelivered_at)
)
# Read from an index in this order, so that a long queue costs no more than a short one. Not prepared: it looks once for
# each message at those ahead, so a plan that was made for a small table would be quadratic until the next analysis.
_DUE = (
    select(M)
    .where(OF_RECIPIENT, *WAITS)
    .where(
        ~exists().where(
            *(AHEAD.order_id == M.order_id, AHEAD.recipient == M.recipient, AHEAD.sequence < M.sequence),
            *(AHEAD.sent_at.is_(None), AHEAD.parked_at.is_not(None) | (AHEAD.tries > M.tries)),
        )
    )
    .order_by(M.tries, M.sequence)
    .limit(AT_ONCE)
)
_FRESH = _DUE.where(M.tries == 0)
_ANY_WAITS = prepared(select(exists().where(OF_RECIPIENT, *WAITS)))
_NOT_TAKEN = prepared(
    select(M.recipient, func.count().label("number"))
    .where(M.order_id == bindparam("order_id"), M.sent_at.is_(None))
    .group_by(M.recipient)
)


def due(session: Session, recipient: str, fresh: bool = False) -> Sequence[MessageRow]:
    """Return the next messages to send, those of one order in their order; `fresh`: only those never tried.

    The more often tried come last, so that a message that cannot be taken does not delay other orders.
    """
    return session.scalars(_FRESH if fresh else _DUE, {"recipient": recipient}).all()


def any_waits(session: Session, recipient: str) -> bool:
    return bool(session.scalar(_ANY_WAITS, {"recipient": recipient}))


def mark_taken(session: Session, letters: Sequence[Letter]) -> list[str]:
    """Mark letters as taken and store the digests of customers' texts; return the ids of those that were sent again.

    What was parked meanwhile stays parked: the recipient recognizes it when it is sent again.
    """
    if not letters:
        return []
    values = {
        "taken": [letter.message_id for letter in letters],
        "digests": {letter.message_id: letter.digest for letter in letters if letter.digest},
        "repeats": {letter.message_id: letter.same_as for letter in letters if letter.same_as},
    }
    return [row.message_id for row in session.execute(_MARK_TAKEN, values) if row.redelivered_at is not None]


def record_failures(session: Session, recipient: str, problems: Mapping[str, str]) -> None:
    """Store why the recipient did not take the messages of these orders, by order id.

    All waiting messages of an order count as tried, so that they stay together.
    """
    for problem in set(problems.values()):
        orders = [order_id for order_id, text_ in problems.items() if text_ == problem]
        tried = update(M).where(M.order_id.in_(orders), M.recipient == recipient, *WAITS)
        values = {"tries": M.tries + 1, "last_error": problem}
        session.execute(tried.values(values), execution_options={"synchronize_session": False})


def not_taken(session: Session, order_id: str) -> dict[str, int]:
    """Return how many of the order's messages each recipient has not taken yet; those that took all are absent."""
    found = {row.recipient: row.number for row in session.execute(_NOT_TAKEN, {"order_id": order_id})}
    return {recipient: found[recipient] for recipient in RECIPIENTS if recipient in found}
