"""What was paid back is booked once, with its fact, its credit note and the messages about it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from domain import milestones
from domain.money import Money
from models.order import OrderRow
from models.payment import MoneyMovementRow
from models.returns import ReturnRow
from record import journal, money
from record.returns.points import points_back


@dataclass(frozen=True, slots=True)
class BookedRefund:
    """A refund that a payment or a channel has made. `refund_id` is its own name for it; `subject` keeps the messages
    of several refunds of one order apart."""

    key: str
    amount: Money
    refund_id: str
    return_id: str = ""
    subject: str = ""
    succeeded: bool = True
    actor: str = "payments"


def book(session: Session, order: OrderRow, paid: BookedRefund, told: Sequence[str] | None = None) -> None:
    """Write the movement, and announce it, to these recipients if given; nothing the second time. The caller has locked
    the order."""
    amount, points = paid.amount, points_back(session, order, paid.amount, paid.return_id)
    movement = insert(MoneyMovementRow).values(
        order_id=order.order_id,
        kind="refunded",
        amount_minor=amount.minor_units,
        currency=amount.currency,
        gateway_reference=paid.refund_id,
        return_id=paid.return_id or None,
        key=paid.key,
    )
    session.execute(movement.on_conflict_do_nothing())
    data = {"amount": amount.text, "currency": amount.currency, "refund_id": paid.refund_id, "points": points}
    data["credit_note"] = money.credit_note(paid.key)
    fact = f"refund.{'succeeded' if paid.succeeded else 'created'}"
    journal.append_fact(session, order.order_id, fact, paid.key, data, paid.actor)
    messages = journal.message_rows(order.order_id, milestones.REFUNDED, data, paid.subject, recipients=told)
    journal.write_messages(session, messages)


def end_case(session: Session, return_id: str | None) -> None:
    """Say that a case is paid once all that it fixed has moved."""
    row = session.get(ReturnRow, return_id) if return_id else None
    if row is not None and row.refunded_at is None and money.paid_to_case(session, row.return_id) == row.refund_minor:
        row.refunded_at = func.now()


def known(session: Session, key: str) -> int | None:
    """Return what was paid back under this key, in minor units; None for nothing yet."""
    return session.scalar(select(MoneyMovementRow.amount_minor).where(MoneyMovementRow.key == key))
