"""Redeliver: send a recipient again what had been parked, oldest first, whether or not its orders are still open."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Boolean, ColumnElement, Select, func, literal_column, select, text, update
from sqlalchemy.orm import Session
from temporalio import activity

from activities.notify import message_content, park
from domain.errors import MessageRefused, PartnerTrouble
from integrations.messages import MessageInbox
from models.database import Sessions
from models.messaging import IS_SENT_AGAIN, MessageRow
from models.order import OrderRow

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
    def __init__(self, sessions: Sessions, inboxes: Mapping[str, MessageInbox]) -> None:
        self.sessions = sessions
        self.inboxes = inboxes

    @activity.defn(no_thread_cancel_exception=True)
    def redeliver_batch(self, request: RedeliverRequest) -> RedeliverAnswer:
        """One call with as many as fit; what nobody takes for three days is parked again. Raises PartnerTrouble."""
        with self.sessions.begin() as session:
            messages = _waiting(session, request.recipient)
            orders = {row.order_id: row for row in session.scalars(_orders(messages))}
        if not messages:
            return RedeliverAnswer()
        try:
            taken = self.inboxes[request.recipient].deliver(
                [message_content(orders[message.order_id], message) for message in messages]
            )
            problem = "" if taken else f"{request.recipient} took none of {len(messages)} messages"
        except (PartnerTrouble, MessageRefused) as trouble:
            taken, problem = set(), str(trouble)
        with self.sessions.begin() as session:
            _write_down(session, request.recipient, messages, taken, problem)
            more = bool(_waiting(session, request.recipient))
        if problem and more:
            raise PartnerTrouble(problem)
        return RedeliverAnswer(len(taken), more)


def _waiting(session: Session, recipient: str) -> list[MessageRow]:
    again = select(MessageRow).where(MessageRow.recipient == recipient, text(IS_SENT_AGAIN))
    # Orders that were tried come last, so that one message which cannot be taken keeps no other waiting.
    return list(session.scalars(again.order_by(MessageRow.tries, MessageRow.sequence).limit(AT_ONCE)))


def _orders(messages: Sequence[MessageRow]) -> Select[OrderRow]:
    return select(OrderRow).where(OrderRow.order_id.in_({message.order_id for message in messages}))


def _write_down(session: Session, recipient: str, sent: Sequence[MessageRow], taken: set[str], problem: str) -> None:
    done = update(MessageRow).where(MessageRow.message_id.in_(taken))
    session.execute(done.values(sent_at=func.now(), tries=MessageRow.tries + 1, last_error=None))
    # All that waits of an order counts as tried, so that its messages stay in the order of its milestones.
    orders = {message.order_id for message in sent if message.message_id not in taken}
    left: tuple[ColumnElement[bool], ...] = (
        MessageRow.recipient == recipient,
        MessageRow.order_id.in_(orders),
        literal_column(IS_SENT_AGAIN, Boolean),
    )
    told = problem or "it was not among those that the recipient took"
    session.execute(update(MessageRow).where(*left).values(tries=MessageRow.tries + 1, last_error=told))
    park(session, (*left, MessageRow.redelivered_at < func.now() - GIVE_UP_AFTER), told)
