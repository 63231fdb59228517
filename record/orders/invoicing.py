"""Issue invoices for what has left on credit, and call a person to those that are overdue."""

from collections import Counter
from datetime import datetime, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from domain.money_alerts import INVOICE_OVERDUE
from models.credit import CreditAccountRow, InvoiceRow
from models.database import Sessions
from models.fulfillment import FulfillmentLineRow, FulfillmentOrderRow
from models.locks import Lock, try_lock
from record.order_mapping import lock_order
from record.orders.alerts import call_a_person
from record.orders.invoices import OVERDUE, tell
from record.orders.parcel_prices import asked_for, price_of

AT_ONCE = 200
DAYS = 30
"""When an invoice is due whose customer has no account, since a person let the order go on."""

_LEFT = """
    SELECT f.fulfillment_order_id FROM credit_claims AS c JOIN fulfillment_orders AS f USING (order_id)
    WHERE c.closed_at IS NULL AND f.status IN ('shipped', 'delivered')
        AND NOT EXISTS (SELECT FROM invoices AS i WHERE i.invoice_id = f.fulfillment_order_id)
"""
_TO_INVOICE = text(f"{_LEFT} ORDER BY c.order_id, f.fulfillment_order_id LIMIT :at_once")
_OF_ORDER = text(f"{_LEFT} AND c.order_id = :order_id ORDER BY f.fulfillment_order_id")
_CLOSE = text("""
    UPDATE credit_claims AS c SET closed_at = now() FROM orders AS o
    WHERE c.closed_at IS NULL AND o.order_id = c.order_id AND o.ended_at IS NOT NULL
        AND NOT EXISTS (SELECT FROM fulfillment_orders AS f WHERE f.order_id = c.order_id
            AND f.status IN ('shipped', 'delivered')
            AND NOT EXISTS (SELECT FROM invoices AS i WHERE i.invoice_id = f.fulfillment_order_id))
""")
_LATE = text("""
    SELECT invoice_id, order_id FROM (
        SELECT invoice_id, order_id FROM invoices WHERE closed_at IS NULL AND overdue_at IS NULL AND due_at < :now
        ORDER BY due_at LIMIT :at_once) AS late
    ORDER BY order_id, invoice_id
""")


class InvoiceSweep:
    """Issues invoices for what has left, and calls a person to those that are overdue. One worker sweeps at a time."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def run(self, now: datetime) -> int:
        """Do a batch of each. Return how many there were."""
        return self._issue() + self._remind(now)

    def _issue(self) -> int:
        with self._sessions.begin() as session:
            if not try_lock(session, Lock.INVOICES):
                return 0
            names = session.scalars(_TO_INVOICE, {"at_once": AT_ONCE}).all()
            for name in names:
                _issue(session, name)
            session.execute(_CLOSE)
        return len(names)

    def _remind(self, now: datetime) -> int:
        with self._sessions.begin() as session:
            if not try_lock(session, Lock.INVOICES):
                return 0
            late = session.execute(_LATE, {"now": now, "at_once": AT_ONCE}).all()
            for one in late:
                # Orders are locked before their invoices, as by those who book payments.
                order = lock_order(session, one.order_id)
                invoice = session.get_one(InvoiceRow, one.invoice_id, with_for_update=True, populate_existing=True)
                if invoice.closed_at is None:
                    invoice.overdue_at = func.now()
                    reason = f"{OVERDUE}{one.invoice_id}"
                    call_a_person(session, order, INVOICE_OVERDUE, reason, one.invoice_id)
                    tell(session, one.order_id, "overdue", one.invoice_id, {})
        return len(late)


def issue_all(session: Session, order_id: str) -> None:
    """Issue at once what the sweep has not seen of an order, and lock it: goods are to be taken off its invoices."""
    lock_order(session, order_id)
    for name in session.scalars(_OF_ORDER, {"order_id": order_id}).all():
        _issue(session, name)


def _issue(session: Session, fulfillment_order_id: str) -> None:
    work = session.get_one(FulfillmentOrderRow, fulfillment_order_id)
    order = lock_order(session, work.order_id)
    if session.get(InvoiceRow, fulfillment_order_id):
        # A return has had it issued meanwhile.
        return
    lines = session.scalars(
        select(FulfillmentLineRow).where(FulfillmentLineRow.fulfillment_order_id == fulfillment_order_id)
    )
    units = Counter[str]()
    for line in lines:
        units[line.sku] += line.quantity if line.picked is None else line.picked
    amount = price_of(session, order, units, asked_for(session, order), _to_pay(session, work.order_id))
    account = session.get(CreditAccountRow, order.customer_id)
    days = account.days if account else DAYS
    due_at = (work.shipped_at or datetime.now().astimezone()) + timedelta(days=days)
    values = {
        "invoice_id": fulfillment_order_id,
        "order_id": work.order_id,
        "customer_id": order.customer_id,
        "currency": order.currency,
        "units": units,
        "amount_minor": amount.minor_units,
        "due_at": due_at,
        "closed_at": None if amount.minor_units else func.now(),
    }
    session.execute(insert(InvoiceRow).values(values).on_conflict_do_nothing())
    data = {"amount": amount.text, "currency": amount.currency, "due_at": due_at.isoformat()}
    tell(session, work.order_id, "issued", fulfillment_order_id, data)


def _to_pay(session: Session, order_id: str) -> int:
    """Return what the order's invoices still ask for, in minor units."""
    left = select(func.coalesce(func.sum(InvoiceRow.amount_minor - InvoiceRow.settled_minor), 0))
    return int(session.scalar(left.where(InvoiceRow.order_id == order_id)) or 0)
