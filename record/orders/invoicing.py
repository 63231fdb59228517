"""Issue invoices for what has left on credit, and call a person to those that are overdue."""

from collections import Counter
from datetime import datetime, timedelta

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from domain.money import Money
from domain.parcel_value import units_by_line, value_of_parcel
from models.credit import CreditAccountRow, InvoiceRow
from models.database import Sessions
from models.fulfillment import FulfillmentLineRow, FulfillmentOrderRow
from models.locks import Lock, try_lock
from models.order import OrderRow
from record import money
from record.order_mapping import load_order, lock_order
from record.orders.invoices import tell

AT_ONCE = 200
DAYS = 30
"""When an invoice is due whose customer has no account, since a person let the order go on."""

_TO_INVOICE = text("""
    SELECT f.fulfillment_order_id FROM credit_claims AS c JOIN fulfillment_orders AS f USING (order_id)
    WHERE c.closed_at IS NULL AND f.status IN ('shipped', 'delivered')
        AND NOT EXISTS (SELECT FROM invoices AS i WHERE i.invoice_id = f.fulfillment_order_id)
    ORDER BY f.fulfillment_order_id LIMIT :at_once
""")
_CLOSE = text("""
    UPDATE credit_claims AS c SET closed_at = now() FROM orders AS o
    WHERE c.closed_at IS NULL AND o.order_id = c.order_id AND o.ended_at IS NOT NULL
        AND NOT EXISTS (SELECT FROM fulfillment_orders AS f WHERE f.order_id = c.order_id
            AND f.status IN ('shipped', 'delivered')
            AND NOT EXISTS (SELECT FROM invoices AS i WHERE i.invoice_id = f.fulfillment_order_id))
""")
_OVERDUE = text("""
    UPDATE invoices SET overdue_at = now() WHERE invoice_id = ANY(ARRAY(
        SELECT invoice_id FROM invoices WHERE closed_at IS NULL AND overdue_at IS NULL AND due_at < :now
        ORDER BY due_at LIMIT :at_once FOR UPDATE SKIP LOCKED))
    RETURNING invoice_id, order_id
""")


class InvoiceSweep:
    """Issues invoices for what has left, and calls a person to those that are overdue. One worker sweeps at a time."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def run(self, now: datetime) -> int:
        """Do a batch of each. Return how many there were."""
        with self._sessions.begin() as session:
            if not try_lock(session, Lock.INVOICES):
                return 0
            names = session.scalars(_TO_INVOICE, {"at_once": AT_ONCE}).all()
            for name in names:
                _issue(session, name)
            session.execute(_CLOSE)
            late = session.execute(_OVERDUE, {"now": now, "at_once": AT_ONCE}).all()
            for one in late:
                reason = f"the invoice {one.invoice_id} is overdue"
                session.execute(update(OrderRow).where(OrderRow.order_id == one.order_id).values(attention=reason))
                tell(session, one.order_id, "overdue", one.invoice_id, {})
        return len(names) + len(late)


def _issue(session: Session, fulfillment_order_id: str) -> None:
    work = session.get_one(FulfillmentOrderRow, fulfillment_order_id)
    lock_order(session, work.order_id)
    order = load_order(session, work.order_id)
    known = session.scalars(select(InvoiceRow).where(InvoiceRow.order_id == work.order_id)).all()
    others = [one for one in known if one.units]
    before = Counter[int]()
    for one in others:
        before.update({int(line_no): units for line_no, units in one.units.items()})
    lines = session.scalars(
        select(FulfillmentLineRow).where(FulfillmentLineRow.fulfillment_order_id == fulfillment_order_id)
    )
    goods = {line.sku: line.quantity if line.picked is None else line.picked for line in lines}
    units = units_by_line(order, goods, before)
    value = value_of_parcel(order, units, before, first=not others)
    asked = sum(one.amount_minor - one.settled_minor for one in known)
    owed = order.grand_total.minor_units - money.balance(session, work.order_id).minor_units - asked
    amount = Money(max(0, min(value.minor_units, owed)), order.currency)
    account = session.get(CreditAccountRow, order.customer_id)
    days = account.days if account else DAYS
    due_at = (work.shipped_at or datetime.now().astimezone()) + timedelta(days=days)
    values = {
        "invoice_id": fulfillment_order_id,
        "order_id": work.order_id,
        "customer_id": order.customer_id,
        "currency": order.currency,
        "units": {str(line_no): count for line_no, count in units.items()},
        "amount_minor": amount.minor_units,
        "due_at": due_at,
        "closed_at": None if amount.minor_units else func.now(),
    }
    session.execute(insert(InvoiceRow).values(values).on_conflict_do_nothing())
    data = {"amount": amount.text, "currency": amount.currency, "due_at": due_at.isoformat()}
    tell(session, work.order_id, "issued", fulfillment_order_id, data)
