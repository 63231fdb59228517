"""Store credits and gift cards come from a case, whose money stays with us, or are issued by staff. No gateway is
asked."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain import ids, milestones
from domain.money import Money
from domain.tenders import TenderKind
from models.locks import NamedLock, lock_named
from models.order import OrderRow
from models.payment import MoneyMovementRow, StoreCreditRow
from models.returns import ReturnRow
from record import journal
from record.money import credit_note
from record.returns.points import points_back


class OtherIssue(Exception):
    """The reference of an issue was used for another one."""


@dataclass(frozen=True, slots=True)
class IssuedCredit:
    """A balance that staff give away, or sell. `customer_id` may be empty."""

    reference: str
    kind: str
    customer_id: str
    amount: Money
    actor: str


def issue(session: Session, wanted: IssuedCredit) -> tuple[StoreCreditRow, bool]:
    """Write the balance once per reference; return it, and whether it is new. Raises OtherIssue."""
    key = f"issued:{wanted.reference}"
    lock_named(session, NamedLock.CREDIT_ISSUE, key)
    known = session.scalar(select(StoreCreditRow).where(StoreCreditRow.key == key))
    if known is not None:
        same = (wanted.kind, wanted.amount.minor_units, wanted.amount.currency)
        if (known.kind, known.amount_minor, known.currency) != same:
            raise OtherIssue
        return known, False
    row = StoreCreditRow(
        code=ids.new_credit_code() if wanted.kind == TenderKind.STORE_CREDIT else ids.new_card_code(),
        kind=wanted.kind,
        customer_id=wanted.customer_id,
        issued_by=wanted.actor,
        amount_minor=wanted.amount.minor_units,
        currency=wanted.amount.currency,
        key=key,
    )
    session.add(row)
    session.flush()
    session.refresh(row)
    return row, True


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
