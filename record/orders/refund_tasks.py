"""Refunds that a person pays at a channel: asked for, reminded of, and booked when it is said that they were paid.

Until then their money is neither ours nor the customer's (record/orders/asked_refunds.py), so nothing else of the order
is paid back out of it.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from domain import milestones
from domain.money import Money
from domain.payment_terms import REFUND_TO_PAY
from models.database import Sessions
from models.order import OrderRow
from models.payment import AskedRefundRow
from models.refunds import RefundTaskRow
from record import journal
from record.messages import not_told
from record.order_mapping import lock_order
from record.orders import asked_refunds, booked_refunds
from record.orders.booked_refunds import BookedRefund
from record.orders.payment_links import key_of, parts_of

ASKED = "pay back by hand: "
"""The prefix of this attention, by which it is known from other reasons."""
WITHIN = timedelta(days=7)
"""The law's time for a refund."""
REMIND_EVERY = timedelta(days=1)
AT_ONCE = 100
_ATTENTION = text("""
    UPDATE orders SET attention = :reason WHERE order_id = :order_id AND (attention IS NULL OR attention LIKE :mine)
""")
_CALM = text("""
    UPDATE orders SET attention = NULL WHERE order_id = :order_id AND attention LIKE :mine
        AND NOT EXISTS (SELECT FROM refund_tasks WHERE order_id = :order_id AND done_at IS NULL)
""")
T = RefundTaskRow


def ask(session: Session, order: OrderRow, key: str, amount: Money, why: str, return_id: str) -> None:
    """Have a person pay this refund back; once per key. The caller has locked the order."""
    now = datetime.now(UTC)
    task = insert(T).values(
        key=key,
        order_id=order.order_id,
        return_id=return_id or None,
        amount_minor=amount.minor_units,
        currency=amount.currency,
        why=why,
        due_at=now + WITHIN,
        remind_at=now + REMIND_EVERY,
    )
    row = session.scalars(task.on_conflict_do_nothing().returning(T)).one_or_none()
    if row is not None:
        asked = {"task_id": row.task_id, "amount": amount.text, "currency": amount.currency, "why": why}
        journal.append_fact(session, order.order_id, "refund.asked", f"{key}:task", asked)
        _call(session, row, amount)


def asked_before(session: Session, key: str) -> bool:
    """True if a person was asked to pay the refund with this key."""
    return session.scalar(select(T.task_id).where(T.key == key)) is not None


def open_task(session: Session, key: str) -> RefundTaskRow | None:
    """Return the task of this refund while nobody has paid all of it."""
    return session.scalars(select(T).where(T.key == key, T.done_at.is_(None))).one_or_none()


def left(session: Session, key: str) -> int:
    """Return what of the task has not been paid, in minor units."""
    whole, link = parts_of(key)
    amount = select(AskedRefundRow.amount_minor).where(AskedRefundRow.key == whole, AskedRefundRow.link == link)
    return session.scalar(amount) or 0


def pay(session: Session, task: RefundTaskRow, minor: int, reference: str, by: str) -> None:
    """Book that this much of what is left was paid back. The caller has locked the order."""
    order, due = lock_order(session, task.order_id), left(session, task.key)
    (asked, link), whole = parts_of(task.key), minor >= due
    key = task.key if whole else key_of(f"{asked}:part:{due}", link)
    paid = Money(min(minor, due), task.currency)
    booked_refunds.book(
        session,
        order,
        BookedRefund(key, paid, reference, task.return_id or "", subject=key, actor=by),
    )
    if not whole:
        less = {"amount_minor": due - paid.minor_units}
        mine = AskedRefundRow.key == asked, AskedRefundRow.link == link
        session.execute(update(AskedRefundRow).where(*mine).values(less))
        return
    asked_refunds.answered(session, asked, link)
    task.done_at, task.done_by, task.reference, task.remind_at = datetime.now(UTC), by, reference, None
    booked_refunds.end_case(session, task.return_id)
    session.flush()
    journal.append_fact(
        session, task.order_id, "alert.cleared", f"alert:{REFUND_TO_PAY}:{task.key}:over", {"code": REFUND_TO_PAY}
    )
    session.execute(_CALM, {"order_id": task.order_id, "mine": f"{ASKED}%"})
    not_told.update_attention(session, [task.order_id])


class ReminderSweep:
    """Reminds of open tasks, each once a day."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def run(self, now: datetime | None = None) -> int:
        """Remind of those that are due. Return how many there were."""
        moment = now or datetime.now(UTC)
        due = select(T).where(T.remind_at <= moment).order_by(T.remind_at).limit(AT_ONCE)
        with self._sessions.begin() as session:
            rows = session.scalars(due.with_for_update(skip_locked=True)).all()
            for row in rows:
                row.reminders, row.remind_at = row.reminders + 1, moment + REMIND_EVERY
                _call(session, row, Money(left(session, row.key), row.currency))
        return len(rows)


def _call(session: Session, task: RefundTaskRow, amount: Money) -> None:
    reason = f"{ASKED}{amount.text} {amount.currency}, task {task.task_id}"
    session.execute(_ATTENTION, {"order_id": task.order_id, "reason": reason, "mine": f"{ASKED}%"})
    times = f":{task.reminders}" if task.reminders else ""
    alert = {"code": REFUND_TO_PAY, "reason": reason}
    journal.append_fact(session, task.order_id, "alert.raised", f"alert:{REFUND_TO_PAY}:{task.key}{times}", alert)
    told = {"amount": amount.text, "currency": amount.currency, "task_id": task.task_id}
    told |= {"due_at": task.due_at.isoformat()}
    journal.announce(session, task.order_id, milestones.REFUND_DUE, told, subject=f"{task.key}{times}")
