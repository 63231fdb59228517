"""End an order, and ask a person to look at it."""

from dataclasses import dataclass

from sqlalchemy import func, update
from temporalio import activity

from activities.payments import settle_late_money
from domain import milestones
from domain.status import UNDONE, OrderStatus
from models.database import Sessions
from models.order import HoldRow, OrderRow
from record import journal, money
from record.messages import not_told
from record.orders.promises import update_due
from record.stock import queue


@dataclass(frozen=True)
class Ending:
    """`status` is completed, canceled, rejected or expired."""

    order_id: str
    status: str
    reason: str
    actor: str = journal.SYSTEM


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
            if not journal.advance_order(session, ending.order_id, status):
                return
            data = {"reason": ending.reason}
            journal.append_fact(session, ending.order_id, f"order.{status}", "ended", data, ending.actor)
            if status == OrderStatus.COMPLETED:
                kept = money.balance(session, ending.order_id)
                # The amount of the sale: later refunds are credited against it.
                secrets = {"erp": {"amount": kept.text, "currency": kept.currency}}
                points = {"points": kept.whole}
                journal.announce(session, ending.order_id, milestones.DELIVERED, points, secrets=secrets)
            if status in UNDONE:
                settle_late_money(session, ending.order_id)
                journal.announce(session, ending.order_id, milestones.CANCELED, {"outcome": status, **data})
                queue.remove(session, ending.order_id)
                open_holds = HoldRow.order_id == ending.order_id, HoldRow.released_at.is_(None)
                ended = {"released_at": func.now(), "released_by": ending.actor, "note": f"the order is {status}"}
                session.execute(update(HoldRow).where(*open_holds).values(ended))
            update_due(session, ending.order_id)

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
