"""Redeliver: the run of a recipient, which tells it what it did not take at once, and what a person sends again.

It carries the messages of all orders together, whether or not they are still open: a partner that is away is asked by
one call at a time and not by each order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session
from temporalio import activity

from activities import not_told, outbox
from activities.notify import message_content
from domain.errors import PartnerTrouble
from integrations.messages import Handover, MessageInbox
from models.database import Sessions
from models.messaging import MessageRow
from models.order import OrderRow


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
        """One call with as many as fit. What is not taken for as long as the recipient's policy says is parked.

        Raises PartnerTrouble when nothing was taken and something still waits.
        """
        recipient = request.recipient
        with self.sessions.begin() as session:
            messages = outbox.left_to(session, recipient)
            orders = _orders(session, messages)
        try:
            told = [message for message in messages if message.settled_by is None]
            content = [message_content(orders[message.order_id], message) for message in told]
            handover, trouble = self.inboxes[recipient].deliver(content), ""
        except PartnerTrouble as problem:
            trouble = str(problem)
            handover = Handover(problems={message.order_id: trouble for message in told})
        taken = handover.taken | _let_go(messages, handover.problems)
        with self.sessions.begin() as session:
            outbox.mark_taken(session, taken)
            not_told.taken(session, taken)
            outbox.tried_in_vain(session, recipient, handover.problems)
        if messages:
            self._park_old(recipient, None if trouble else [*handover.problems])
        else:
            with self.sessions.begin() as session:
                outbox.park_stuck(session, recipient)
        with self.sessions() as session:
            more = bool(outbox.left_to(session, recipient))
        if more and messages and not taken:
            raise PartnerTrouble(trouble or f"{recipient} took none of {len(messages)} messages")
        return RedeliverAnswer(len(taken), more)

    def _park_old(self, recipient: str, orders: Sequence[str] | None) -> None:
        """While the recipient as a whole is away, what is old waits for a person; else only what it does not want."""
        more = orders is None or bool(orders)
        while more:
            with self.sessions.begin() as session:
                more = outbox.park_old(session, recipient, self.inboxes[recipient].give_up_after, orders)


def _let_go(messages: Sequence[MessageRow], problems: Mapping[str, str]) -> frozenset[str]:
    """What a person let go and has nothing before it any more."""
    return frozenset(row.message_id for row in messages if row.settled_by and row.order_id not in problems)


def _orders(session: Session, messages: Sequence[MessageRow]) -> dict[str, OrderRow]:
    wanted = select(OrderRow).where(OrderRow.order_id.in_({message.order_id for message in messages}))
    return {row.order_id: row for row in session.scalars(wanted)}
