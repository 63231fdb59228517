"""Redeliver: send a recipient again what had been parked, oldest first, whether or not its orders are still open."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Boolean, ColumnElement, func, literal_column, select, text, update
from sqlalchemy.orm import Session
from temporalio import activity

from activities.notify import mark_sent, park, park_refused
from activities.outbox import Delivered, Letter, Outbox
from domain.errors import PartnerTrouble
from models.database import Sessions
from models.messaging import IS_SENT_AGAIN, MessageRow

AT_ONCE = 100
GIVE_UP_AFTER = timedelta(days=3)


@dataclass(frozen=True)
class RedeliverRequest:
    recipient: str


@dataclass(frozen=True)
class RedeliverAnswer:
    """How many messages were taken. `more` says that others wait."""

    taken: int = 0
    more: bool = False


class Redeliver:
    def __init__(self, sessions: Sessions, outbox: Outbox) -> None:
        self.sessions = sessions
        self.outbox = outbox

    @activity.defn(no_thread_cancel_exception=True)
    def redeliver_batch(self, request: RedeliverRequest) -> RedeliverAnswer:
        """One call with as many as fit; what nobody takes for three days is parked again. Raises PartnerTrouble."""
        with self.sessions.begin() as session:
            messages = _waiting(session, request.recipient)
            letters = self.outbox.letters(session, messages)
        if not messages:
            return RedeliverAnswer()
        delivered = self.outbox.deliver(request.recipient, letters)
        problem = "" if delivered.taken else delivered.problem
        with self.sessions.begin() as session:
            park_refused(session, delivered.refused)
            _write_down(session, request.recipient, letters, delivered, problem)
            more = bool(_waiting(session, request.recipient))
        if problem and more:
            raise PartnerTrouble(problem)
        return RedeliverAnswer(len(delivered.taken), more)


def _waiting(session: Session, recipient: str) -> list[MessageRow]:
    again = select(MessageRow).where(MessageRow.recipient == recipient, text(IS_SENT_AGAIN))
    # Orders that were tried come last, so that one message which cannot be taken keeps no other waiting.
    return list(session.scalars(again.order_by(MessageRow.tries, MessageRow.sequence).limit(AT_ONCE)))


def _write_down(
    session: Session, recipient: str, letters: Sequence[Letter], delivered: Delivered, problem: str
) -> None:
    mark_sent(session, [letter for letter in letters if letter.message_id in delivered.taken])
    # All that waits of an order counts as tried, so that its messages stay in the order of its milestones.
    answered = delivered.taken | set(delivered.refused)
    orders = {letter.snapshot.order_id for letter in letters if letter.message_id not in answered}
    left: tuple[ColumnElement[bool], ...] = (
        MessageRow.recipient == recipient,
        MessageRow.order_id.in_(orders),
        literal_column(IS_SENT_AGAIN, Boolean),
    )
    told = problem or "it was not among those that the recipient took"
    session.execute(update(MessageRow).where(*left).values(tries=MessageRow.tries + 1, last_error=told))
    park(session, (*left, MessageRow.redelivered_at < func.now() - GIVE_UP_AFTER), told)
