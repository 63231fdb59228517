"""Notify: tell customer, channel, ERP and CRM what happened, beside the order and never in its way."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from temporalio import activity

from activities import outbox
from activities.pick import order_of
from domain.errors import PartnerTrouble
from domain.milestones import RECIPIENTS
from domain.money import Money
from integrations.messages import MessageInbox
from models.database import Sessions
from models.messaging import MessageRow
from models.order import OrderRow

Content = Mapping[str, object]


@dataclass(frozen=True)
class NotifyRequest:
    order_id: str


@dataclass(frozen=True)
class NotifyAnswer:
    """How many messages were taken. `left` says by recipient why others were left to its run, or parked."""

    sent: int
    waiting: dict[str, str] = field(default_factory=dict)
    """Always empty: what kept messages waiting in the order itself, when that was still how they waited."""
    left: dict[str, str] = field(default_factory=dict)


class Notify:
    """`inboxes` has one client for each of domain.milestones.RECIPIENTS."""

    def __init__(self, sessions: Sessions, inboxes: Mapping[str, MessageInbox]) -> None:
        self.sessions = sessions
        self.inboxes = inboxes

    @activity.defn(no_thread_cancel_exception=True)
    def notify(self, request: NotifyRequest) -> NotifyAnswer:
        """Send the order's fresh messages, oldest first to each recipient, once.

        What a recipient does not take is left to its run (activities/redeliver.py), which tries it for all orders
        together; and so is what comes after it, so that nothing overtakes. It holds up nobody else.
        """
        with self.sessions.begin() as session:
            order = order_of(session, request.order_id)
            unsent = outbox.unsent(session, request.order_id)
        sent, left = set[str](), dict[str, str]()
        for recipient in filter(unsent.__contains__, RECIPIENTS):
            if not any(message.left_at for message in unsent[recipient]):
                taken, problem = self._hand_over(recipient, order, unsent[recipient])
                sent |= taken
                if problem:
                    left[recipient] = problem
        with self.sessions.begin() as session:
            outbox.mark_taken(session, sent)
            for recipient, messages in unsent.items():
                if any(message.parked_at for message in messages):
                    outbox.park_behind(session, request.order_id, recipient)
                elif recipient in left or any(message.left_at for message in messages):
                    outbox.leave(session, request.order_id, recipient, left.get(recipient))
        return NotifyAnswer(len(sent), left=left)

    def _hand_over(
        self, recipient: str, order: OrderRow, messages: Sequence[MessageRow]
    ) -> tuple[frozenset[str], str | None]:
        """What was taken, and what kept the rest from it."""
        try:
            handover = self.inboxes[recipient].deliver([message_content(order, message) for message in messages])
        except PartnerTrouble as trouble:
            return frozenset(), str(trouble)
        return handover.taken, handover.problems.get(order.order_id)


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
