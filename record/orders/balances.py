"""Store credits and gift cards of ours: orders spend of their balance, and give back to it.

The balance changes only by one conditional UPDATE with its CHECK, so that two orders at once never overdraw it. The
caller has locked the order.
"""

from sqlalchemy import text, update
from sqlalchemy.orm import Session

from domain.audit_facts import TenderFacts
from domain.money import Money
from domain.tenders import Tender
from models.payment import StoreCreditMovementRow, StoreCreditRow
from record.orders.movements import Movement, book

_SPEND = text("""
    UPDATE store_credits SET spent_minor = spent_minor + :minor
    WHERE credit_id = :credit_id AND kind = :kind AND currency = :currency AND amount_minor - spent_minor >= :minor
""")
_LEFT = text("""
    SELECT amount_minor - spent_minor FROM store_credits
    WHERE credit_id = :credit_id AND kind = :kind AND currency = :currency
""")
_KNOWN = text("SELECT 1 FROM store_credit_movements WHERE key = :key")


def spend(session: Session, order_id: str, tender: Tender) -> TenderFacts:
    """Take the tender from its balance, once, and book it as captured. Nothing is taken of a balance that is short."""
    movement = Movement(order_id, tender.reference, "captured", tender.amount, f"@{tender.reference}")
    paid, key = TenderFacts(tender, "captured", tender.amount), movement.row["key"]
    if session.scalar(_KNOWN, {"key": key}):
        return paid
    which = {"credit_id": tender.reference, "kind": tender.kind.value, "currency": tender.amount.currency}
    taken = session.connection().execute(_SPEND, which | {"minor": tender.amount.minor_units})
    if not taken.rowcount:
        left = session.scalar(_LEFT, which)
        return TenderFacts(tender, "unknown" if left is None else "short", _money(left, tender.amount.currency))
    session.add(_moved(tender.reference, order_id, "spent", tender.amount, key))
    session.flush()
    book(session, movement)
    return paid


def give_back(session: Session, order_id: str, credit_id: str, amount: Money, key: str) -> None:
    """Give an amount back to its balance, once per key of the refund that it is."""
    if session.scalar(_KNOWN, {"key": key}):
        return
    less = {"spent_minor": StoreCreditRow.spent_minor - amount.minor_units}
    credit = update(StoreCreditRow).where(StoreCreditRow.credit_id == credit_id).values(less)
    session.execute(credit, execution_options={"synchronize_session": False})
    session.add(_moved(credit_id, order_id, "given_back", amount, key))
    session.flush()


def _moved(credit_id: str, order_id: str, kind: str, amount: Money, key: str) -> StoreCreditMovementRow:
    return StoreCreditMovementRow(
        credit_id=credit_id, order_id=order_id, kind=kind, amount_minor=amount.minor_units, key=key
    )


def _money(minor: int | None, currency: str) -> Money | None:
    return None if minor is None else Money(minor, currency)
