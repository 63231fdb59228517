"""Notify: tell customer, channel, ERP and CRM what happened, beside the order and never in its way."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, func, select, update
from sqlalchemy.orm import Session
from temporalio import activity

from activities import journal
from activities.pick import order_of
from domain.errors import MessageRefused, PartnerTrouble
from domain.milestones import PICKUP_CODE, RECIPIENTS
from domain.money import Money
from integrations.messages import MessageInbox
from models.database import Sessions
from models.messaging import MessageRow
from models.order import OrderRow

Content = Mapping[str, object]
UNSYNCHRONIZED = {"synchronize_session": False}


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
    """`inboxes` has one client for each of domain.milestones.RECIPIENTS."""

    def __init__(self, sessions: Sessions, inboxes: Mapping[str, MessageInbox]) -> None:
        self.sessions = sessions
        self.inboxes = inboxes

    @activity.defn(no_thread_cancel_exception=True)
    def notify(self, request: NotifyRequest) -> NotifyAnswer:
        """Send every waiting message of the order, oldest first to each recipient.

        A recipient in trouble keeps its messages waiting and holds up nobody else; the workflow tries again later.
        """
        with self.sessions.begin() as session:
            order = order_of(session, request.order_id)
            waiting = _waiting(session, request.order_id)
        sent, trouble = set[str](), dict[str, str]()
        for recipient, messages in groupby(waiting, key=lambda message: RECIPIENTS.index(message.recipient)):
            name, batch = RECIPIENTS[recipient], [message_content(order, message) for message in messages]
            try:
                taken = self.inboxes[name].deliver(batch)
            except (PartnerTrouble, MessageRefused) as problem:
                trouble[name] = str(problem)
                continue
            sent |= taken
            if len(taken) < len(batch):
                trouble[name] = f"{name} took {len(taken)} of {len(batch)} messages"
        with self.sessions.begin() as session:
            _mark_sent(session, sent)
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


def _mark_sent(session: Session, message_ids: set[str]) -> None:
    if message_ids:
        where = MessageRow.message_id.in_(message_ids)
        forgotten = MessageRow.data.op("-")(cast(PICKUP_CODE, Text))
        values = {"sent_at": func.now(), "tries": MessageRow.tries + 1, "last_error": None, "data": forgotten}
        session.execute(update(MessageRow).where(where).values(values), execution_options=UNSYNCHRONIZED)


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


def message_content(order: OrderRow, message: MessageRow) -> Content:
    """What the recipient of the message is sent."""
    return {
        "message_id": message.message_id,
        "milestone": message.milestone,
        "order_id": order.order_id,
        "channel": order.channel,
        "channel_order_id": order.channel_order_id,
        "occurred_at": message.created_at.isoformat(),
        "data": message.data | CONTENT[message.recipient](order, message),
    }


def _for_customer(order: OrderRow, message: MessageRow) -> dict[str, Any]:
    return {"to": order.receiver.get("email") or order.receiver.get("phone") or "", "name": order.receiver.get("name")}


def _for_channel(order: OrderRow, message: MessageRow) -> dict[str, Any]:
    return {}


def _for_finance(order: OrderRow, message: MessageRow) -> dict[str, Any]:
    total = Money(order.grand_total_minor, order.currency)
    tax = Money(order.tax_minor, order.currency)
    return {"grand_total": total.text, "tax": tax.text, "order_currency": order.currency}


def _for_crm(order: OrderRow, message: MessageRow) -> dict[str, Any]:
    return {"customer_id": order.customer_id, "points": message.data.get("points", 0)}


CONTENT: Mapping[str, Callable[[OrderRow, MessageRow], dict[str, Any]]] = {
    "inbox": _for_customer,
    "channel": _for_channel,
    "erp": _for_finance,
    "crm": _for_crm,
}
