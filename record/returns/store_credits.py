"""Store credit: the money of a case stays with us for the customer to buy with. No gateway is asked."""

from sqlalchemy.orm import Session

from domain import ids, milestones
from domain.money import Money
from models.order import OrderRow
from models.payment import MoneyMovementRow, StoreCreditRow
from models.returns import ReturnRow
from record import journal
from record.money import credit_note
from record.returns.points import points_back


def give_credit(session: Session, row: ReturnRow, order: OrderRow, amount: Money) -> None:
    """Write the credit and its movement, and announce it to customer, CRM and ERP. The caller has locked case and
    order.

    The key is the case's own, so that it exists once. Do nothing when nothing is due.
    """
    if amount.minor_units <= 0:
        return
    key, code = f"{row.return_id}:credit", ids.new_credit_code()
    points = points_back(session, order, amount, row.return_id)
    shared = {
        "order_id": order.order_id,
        "return_id": row.return_id,
        "amount_minor": amount.minor_units,
        "currency": amount.currency,
        "key": key,
    }
    session.add(MoneyMovementRow(kind="credited", gateway_reference=code, **shared))
    session.add(StoreCreditRow(code=code, customer_id=order.customer_id, **shared))
    paid = {"amount": amount.text, "currency": amount.currency}
    journal.append_fact(session, order.order_id, "return.credited", key, {"return_id": row.return_id, **paid})
    data = {**paid, "points": points, "credit_note": credit_note(key)}
    # Secret: whoever has the code may buy with it.
    secrets = {name: {"store_credit": code} for name in ("inbox", "crm")}
    journal.announce(session, order.order_id, milestones.CREDITED, data, row.return_id, secrets)
