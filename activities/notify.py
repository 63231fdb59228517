"""Notify: tell customer, channel, ERP and CRM what happened, beside the order and never in its way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import groupby

from sqlalchemy import ARRAY, ColumnElement, Text, any_, bindparam, cast, func, select, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session
from temporalio import activity

from activities import journal
from activities.outbox import Letter, Outbox
from domain.milestones import PICKUP_CODE, RECIPIENTS
from models.base import table
from models.database import Sessions
from models.messaging import MessageRow

UNSYNCHRONIZED = {"synchronize_session": False}

# Built once: building a statement costs more than sending it.
_MESSAGES = table(MessageRow)
_MARK_SENT = (
    _MESSAGES.update()
    .where(_MESSAGES.c.message_id == any_(bindparam("taken", type_=ARRAY(Text))))
    .values(
        sent_at=func.now(),
        tries=_MESSAGES.c.tries + 1,
        last_error=None,
        data=_MESSAGES.c.data.op("-")(cast(PICKUP_CODE, Text)),
        digest=bindparam("digests", type_=JSONB)[_MESSAGES.c.message_id].astext,
        same_as=bindparam("repeats", type_=JSONB)[_MESSAGES.c.message_id].astext,
    )
)


@dataclass(frozen=True)
class NotifyRequest:
    """`give_up_after` is how many seconds a message may wait before it is parked for a person to send again."""

    order_id: str
    give_up_after: float


@dataclass(frozen=True)
class NotifyAnswer:
    """How many messages were taken, and what keeps the others waiting, by recipient."""

    sent: int
    waiting: dict[str, str] = field(default_factory=dict)


class Notify:
    def __init__(self, sessions: Sessions, outbox: Outbox) -> None:
        self.sessions = sessions
        self.outbox = outbox

    @activity.defn(no_thread_cancel_exception=True)
    def notify(self, request: NotifyRequest) -> NotifyAnswer:
        """Send every waiting message of the order, oldest first to each recipient.

        A recipient in trouble keeps its messages waiting and holds up nobody else; the workflow tries again later.
        """
        with self.sessions.begin() as session:
            waiting = _waiting(session, request.order_id)
            letters = dict(zip((row.message_id for row in waiting), self.outbox.letters(session, waiting), strict=True))
        sent, refused, trouble = list[Letter](), dict[str, str](), dict[str, str]()
        for recipient, messages in groupby(waiting, key=lambda message: RECIPIENTS.index(message.recipient)):
            name, batch = RECIPIENTS[recipient], [letters[message.message_id] for message in messages]
            delivered = self.outbox.deliver(name, batch)
            sent += [letter for letter in batch if letter.message_id in delivered.taken]
            refused |= delivered.refused
            if delivered.problem:
                trouble[name] = delivered.problem
        with self.sessions.begin() as session:
            mark_sent(session, sent)
            park_refused(session, refused)
            for recipient_name, problem_text in trouble.items():
                _mark_trouble(session, request, recipient_name, problem_text)
            # What is written from here on is told by the next call: the step that writes it says so to the workflow.
            still = _waiting(session, request.order_id) if trouble else []
            left = {message.recipient: message.last_error or "" for message in still}
        return NotifyAnswer(len(sent), left)


def _waiting(session: Session, order_id: str) -> list[MessageRow]:
    where = MessageRow.order_id == order_id, MessageRow.sent_at.is_(None), MessageRow.parked_at.is_(None)
    rows = session.scalars(select(MessageRow).where(*where).order_by(MessageRow.sequence))
    return sorted(rows, key=lambda message: RECIPIENTS.index(message.recipient))


def mark_sent(session: Session, letters: Sequence[Letter]) -> None:
    """They were taken; of a text for the customer it is kept by what it is known again."""
    if letters:
        told = {
            "taken": [letter.message_id for letter in letters],
            "digests": {letter.message_id: letter.digest for letter in letters if letter.digest and not letter.same_as},
            "repeats": {letter.message_id: letter.same_as for letter in letters if letter.same_as},
        }
        session.execute(_MARK_SENT, told)


def park_refused(session: Session, refused: Mapping[str, str]) -> None:
    """What a platform refuses is for a person: to try again would bring the same answer."""
    for message_id, code in refused.items():
        mine = update(MessageRow).where(MessageRow.message_id == message_id)
        session.execute(mine.values(tries=MessageRow.tries + 1, last_error=code), execution_options=UNSYNCHRONIZED)
        park(session, [MessageRow.message_id == message_id], code)


def _mark_trouble(session: Session, request: NotifyRequest, recipient: str, problem: str) -> None:
    waiting = (
        MessageRow.order_id == request.order_id,
        MessageRow.recipient == recipient,
        MessageRow.sent_at.is_(None),
        MessageRow.parked_at.is_(None),
    )
    values = {"tries": MessageRow.tries + 1, "last_error": problem}
    session.execute(update(MessageRow).where(*waiting).values(values), execution_options=UNSYNCHRONIZED)
    waits_since = func.coalesce(MessageRow.redelivered_at, MessageRow.created_at)
    too_old = waits_since < func.now() - timedelta(seconds=request.give_up_after)
    park(session, (*waiting, too_old), problem)


def park(session: Session, which: Sequence[ColumnElement[bool]], problem: str) -> None:
    """Let these messages wait for a person, and say so in the logs of their orders."""
    parked = session.execute(
        update(MessageRow)
        .where(*which)
        .values(parked_at=func.now())
        .returning(MessageRow.message_id, MessageRow.order_id),
        execution_options=UNSYNCHRONIZED,
    )
    for message_id, order_id in parked.all():
        data = {"message_id": message_id, "problem": problem}
        journal.happened(session, order_id, "message.parked", f"parked:{message_id}", data)
