"""Invoices of orders on credit are settled by payments, and by goods that come back."""

from collections.abc import Sequence

from sqlalchemy import case, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from domain.money import Money
from domain.money_alerts import INVOICE_OVERDUE
from models.credit import InvoiceEntryRow, InvoiceRow
from record import journal
from record.order_mapping import lock_order
from record.orders.movements import Movement, book

PAYMENT, CREDIT, WRITE_OFF, RECOVERED = "payment", "credit", "write_off", "recovered"
SAID = {PAYMENT: "paid", CREDIT: "credited", WRITE_OFF: "written_off", RECOVERED: "recovered"}
OVERDUE = "overdue invoice: "
"""The prefix of this attention, by which it is known from other reasons."""
_CALM = text("UPDATE orders SET attention = NULL WHERE order_id = :order_id AND attention = :mine")


class OverPaid(Exception):
    """More is paid than the invoice still asks for."""

    def __init__(self, left: Money) -> None:
        super().__init__(f"{left.text} {left.currency} is left to pay")


def pay(session: Session, invoice_id: str, key: str, amount: Money, actor: str) -> InvoiceRow | None:
    """Book a payment once for each `key`; None for an unknown invoice. Raises OverPaid, and ValueError for another
    currency."""
    order_id = session.scalar(select(InvoiceRow.order_id).where(InvoiceRow.invoice_id == invoice_id))
    if order_id is None:
        return None
    lock_order(session, order_id)
    row = session.get_one(InvoiceRow, invoice_id, with_for_update=True, populate_existing=True)
    if amount.currency != row.currency:
        raise ValueError(f"the invoice is in {row.currency}")
    if session.get(InvoiceEntryRow, (invoice_id, key)):
        return row
    left = Money(row.amount_minor - row.settled_minor, row.currency)
    if left < amount:
        _recover(session, row, key, amount - left, actor)
    _settle(session, row, PAYMENT, key, amount.minor_units, actor)
    book(session, Movement(order_id, key, "captured", amount, f":{invoice_id}:{key}"))
    return row


def write_off(session: Session, invoice_id: str, why: str, actor: str) -> InvoiceRow | None:
    """Ask nothing more for an invoice that nobody will pay: it is closed, and what its customer owes is less by what
    was left. Nothing the second time; None for an unknown invoice. `why` is a code."""
    order_id = session.scalar(select(InvoiceRow.order_id).where(InvoiceRow.invoice_id == invoice_id))
    if order_id is None:
        return None
    lock_order(session, order_id)
    row = session.get_one(InvoiceRow, invoice_id, with_for_update=True, populate_existing=True)
    if left := row.amount_minor - row.settled_minor:
        _settle(session, row, WRITE_OFF, WRITE_OFF, left, actor, why=why)
    return row


def credit_back(session: Session, order_id: str, return_id: str, minor: int) -> int:
    """Take up to `minor` off what the order's invoices still ask for, once for each return; the newest first. Return
    how much. The caller has locked the order."""
    before = session.scalars(
        select(InvoiceEntryRow.amount_minor)
        .join(InvoiceRow, InvoiceRow.invoice_id == InvoiceEntryRow.invoice_id)
        .where(InvoiceRow.order_id == order_id, InvoiceEntryRow.key == return_id)
    ).all()
    if before:
        return sum(before)
    credited = 0
    for row in _open(session, order_id):
        part = min(minor - credited, row.amount_minor - row.settled_minor)
        if part > 0:
            _settle(session, row, CREDIT, return_id, part, journal.SYSTEM)
            credited += part
    return credited


def take_back(session: Session, invoice_id: str) -> None:
    """Ask nothing more for a parcel that came back before anybody took it. The caller has locked the order."""
    row = session.get(InvoiceRow, invoice_id, with_for_update=True, populate_existing=True)
    if row and row.units:
        row.units = {}
        if left := row.amount_minor - row.settled_minor:
            _settle(session, row, CREDIT, "came back", left, journal.SYSTEM)


def _open(session: Session, order_id: str) -> Sequence[InvoiceRow]:
    mine = InvoiceRow.order_id == order_id, InvoiceRow.closed_at.is_(None)
    return session.scalars(
        select(InvoiceRow).where(*mine).order_by(InvoiceRow.invoice_id.desc()).with_for_update()
    ).all()


def _recover(session: Session, row: InvoiceRow, key: str, amount: Money, actor: str) -> None:
    """Count this much of what was written off as owed again, since it is paid now. Raises OverPaid for more."""
    E = InvoiceEntryRow
    signed = case({WRITE_OFF: E.amount_minor, RECOVERED: -E.amount_minor}, value=E.kind, else_=0)
    lost = session.scalar(select(func.coalesce(func.sum(signed), 0)).where(E.invoice_id == row.invoice_id)) or 0
    if lost < amount.minor_units:
        raise OverPaid(Money(int(lost) + row.amount_minor - row.settled_minor, row.currency))
    _settle(session, row, RECOVERED, f"{key}:{RECOVERED}", amount.minor_units, actor)


def _settle(session: Session, row: InvoiceRow, kind: str, key: str, minor: int, actor: str, **why: str) -> None:
    entry = {"invoice_id": row.invoice_id, "key": key, "kind": kind, "amount_minor": minor, "actor": actor}
    session.execute(insert(InvoiceEntryRow).values(entry))
    row.settled_minor += -minor if kind == RECOVERED else minor
    if row.settled_minor == row.amount_minor and row.closed_at is None:
        _close(session, row)
    session.flush()
    amount = Money(minor, row.currency)
    fields = {"amount": amount.text, "currency": row.currency, **why}
    tell(session, row.order_id, SAID[kind], f"{row.invoice_id}:{key}", fields)


def _close(session: Session, row: InvoiceRow) -> None:
    row.closed_at = func.now()
    if row.overdue_at is not None:
        session.execute(_CALM, {"order_id": row.order_id, "mine": f"{OVERDUE}{row.invoice_id}"})
        over, data = f"alert:{INVOICE_OVERDUE}:{row.invoice_id}:over", {"code": INVOICE_OVERDUE}
        journal.append_fact(session, row.order_id, "alert.cleared", over, data)


def tell(session: Session, order_id: str, what: str, subject: str, data: dict[str, str]) -> None:
    """Append a fact of the invoice: issued, paid, credited, overdue ...; `subject` begins with its id."""
    fields = {"invoice_id": subject.partition(":")[0], **data}
    journal.append_fact(session, order_id, f"invoice.{what}", f"invoice.{what}:{subject}", fields)
