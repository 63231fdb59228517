"""What becomes of a deposit when the balance of its pre-sale is not paid in time."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from domain.money import Money
from domain.parameters import Parameters
from domain.presale import Deposit, presale_of
from models.order import OrderRow
from models.payment import MoneyMovementRow, TenderRow
from record import journal
from record.order_mapping import lock_order
from record.orders.refund_shares import left_of

FORFEITED = "forfeited"


def balance_is_in(session: Session, order_id: str) -> bool:
    """True if all that was due later is captured. The order is locked from now on, so that none is captured unseen."""
    lock_order(session, order_id)
    paid = (
        select(func.coalesce(func.sum(MoneyMovementRow.amount_minor), 0))
        .where(
            MoneyMovementRow.order_id == TenderRow.order_id,
            MoneyMovementRow.kind == "captured",
            func.split_part(MoneyMovementRow.key, "@", 2) == TenderRow.reference,
        )
        .scalar_subquery()
    )
    late = TenderRow.order_id == order_id, TenderRow.due_at.is_not(None), paid < TenderRow.amount_minor
    return session.scalar(select(TenderRow.tender_no).where(*late).limit(1)) is None


def forfeit(session: Session, order: OrderRow, rules: Parameters) -> None:
    """Keep the deposit, if the terms say so: it is ours then, and no refund of the order takes it. The caller has
    locked the order."""
    if presale_of(rules.presale, order.channel).deposit is not Deposit.FORFEITED:
        return
    key, reference = f"{order.order_id}:{FORFEITED}", order.payment_reference
    known = session.scalar(select(MoneyMovementRow.key).where(MoneyMovementRow.key == key))
    kept = left_of(session, order.order_id, order.currency)
    # What comes to the same payment afterwards is no deposit: it goes back with the order.
    if known or kept <= 0:
        return
    amount = Money(kept, order.currency)
    row = {"order_id": order.order_id, "kind": FORFEITED, "gateway_reference": reference, "key": key}
    session.add(MoneyMovementRow(**row, amount_minor=kept, currency=order.currency))
    data = {"amount": amount.text, "currency": amount.currency}
    journal.append_fact(session, order.order_id, "deposit.forfeited", "deposit.forfeited", data)
