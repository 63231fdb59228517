"""End an order, and ask a person to look at it."""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, text, update
from sqlalchemy.orm import Session
from temporalio import activity

from activities.payments import settle_late_money
from domain import milestones
from domain.elsewhere import SHIPPED_ELSEWHERE
from domain.payment_terms import TermsKind
from domain.promises import NOTHING
from domain.status import UNDONE, OrderStatus
from models.database import Sessions
from models.order import HoldRow, OrderRow
from record import journal, money
from record.journal import Fact
from record.messages import not_told
from record.order_mapping import lock_order
from record.orders import authorizations, leftovers, payment_claims
from record.orders.alerts import call_a_person
from record.orders.elsewhere import about, has_left, lines_of, pending, too_late
from record.orders.promises import end_due
from record.recordset import at_once
from record.stock import queue

_ENDED = "RETURNING due, payment_terms, payment_reference"
_ANSWER = "SELECT * FROM ended"
_CHANGES = {
    "ended": text(f"UPDATE orders SET status = :status, ended_at = now() WHERE order_id = :order_id {_ENDED}"),
    "facts": journal.INSERT_FACTS,
    "messages": journal.INSERT_MESSAGES,
}
_END = at_once(_ANSWER, **_CHANGES)
_COMPLETE = at_once(_ANSWER, **_CHANGES, reports=leftovers.REPORTS)


@dataclass(frozen=True)
class Ending:
    """`status` is completed, canceled, rejected or expired. `by_channel` if its channel shipped everything itself."""

    order_id: str
    status: str
    reason: str
    actor: str = journal.SYSTEM
    by_channel: bool = False


@dataclass(frozen=True)
class Alert:
    """Asks a person to look; one for each `code` and `subject`. An empty reason clears it."""

    order_id: str
    code: str
    subject: str
    reason: str
    still: str = ""
    """The other alerts that are still open."""


class Outcome:
    def __init__(self, sessions: Sessions) -> None:
        self.sessions = sessions

    @activity.defn
    def end_order(self, ending: Ending) -> None:
        """Write the outcome, announce it, and release what an order without goods no longer waits for."""
        status = OrderStatus(ending.status)
        with self.sessions.begin() as session:
            if not journal.may_advance(session, ending.order_id, status):
                return
            # That everything was delivered is all there is to say of a completed order.
            data = {} if status == OrderStatus.COMPLETED else {"reason": ending.reason}
            fact = Fact(ending.order_id, f"order.{status}", "ended", data, ending.actor)
            messages = list[dict[str, Any]]()
            if status == OrderStatus.COMPLETED:
                messages = _delivered(session, ending)
            if status in UNDONE:
                announced = {"outcome": status, **data}
                messages = journal.message_rows(ending.order_id, milestones.CANCELED, announced)
            rows = {"facts": journal.fact_rows([fact]), "messages": json.dumps(messages)}
            statement = _COMPLETE if status == OrderStatus.COMPLETED else _END
            over = session.execute(statement, {"order_id": ending.order_id, "status": status, **rows}).one()
            # What was delivered in time is due no more.
            if over.due != NOTHING:
                end_due(session, ending.order_id)
            if over.payment_terms == TermsKind.AUTHORIZED and authorizations.is_open(session, ending.order_id):
                # What is reserved and was not needed is given back.
                payment_claims.ask_for_check(session, over.payment_reference, f"{ending.order_id}:over")
            if status in UNDONE:
                settle_late_money(session, ending.order_id)
                _shipped_all_the_same(session, ending)
                queue.remove(session, ending.order_id)
                open_holds = HoldRow.order_id == ending.order_id, HoldRow.released_at.is_(None)
                ended = {"released_at": func.now(), "released_by": ending.actor, "note": f"the order is {status}"}
                session.execute(update(HoldRow).where(*open_holds).values(ended))

    @activity.defn
    def raise_alert(self, alert: Alert) -> None:
        """Raise or clear an alert in the record and in the order's log; once for each code and subject."""
        with self.sessions.begin() as session:
            order = OrderRow.order_id == alert.order_id
            session.execute(update(OrderRow).where(order).values(attention=alert.reason or alert.still or None))
            key = f"alert:{alert.code}:{alert.subject}"
            if alert.reason:
                data = {"code": alert.code, "reason": alert.reason}
                journal.append_fact(session, alert.order_id, "alert.raised", key, data)
            else:
                journal.append_fact(session, alert.order_id, "alert.cleared", f"{key}:over", {"code": alert.code})
                not_told.update_attention(session, [alert.order_id])


def _shipped_all_the_same(session: Session, ending: Ending) -> None:
    """Call a person when the channel has shipped a part of an order that ends without delivery."""
    if not has_left(session, ending.order_id):
        return
    lines = lines_of(session, ending.order_id)
    gone = pending(session, ending.order_id, lines)
    gone.update({line.line_no: line.elsewhere for line in lines if line.elsewhere})
    if gone:
        order = lock_order(session, ending.order_id)
        call_a_person(session, order, SHIPPED_ELSEWHERE, too_late(order, lines, gone), about(gone))


def _delivered(session: Session, ending: Ending) -> list[dict[str, Any]]:
    """Return the messages about the delivery. The amount of the sale is in them: later refunds are credited against
    it. Channel and customer know what the channel shipped itself."""
    kept = money.balance(session, ending.order_id)
    secrets = {"erp": {"amount": kept.text, "currency": kept.currency}}
    told = milestones.BOOKS if ending.by_channel else None
    return journal.message_rows(ending.order_id, milestones.DELIVERED, {"points": kept.whole}, "", secrets, told)
