"""Orders on credit claim their totals of what their customers may owe, one order of a customer at a time."""

from collections.abc import Mapping

from sqlalchemy import func, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from domain.audit_facts import AuditFacts, CreditFacts
from domain.payment_terms import TermsKind
from models.credit import CreditAccountRow, CreditClaimRow
from models.locks import NamedLock, lock_all_named

# Orders that ended without goods owe nothing; what of the others has left is owed by invoices.
_OWED = text(
    """
    SELECT
        (SELECT coalesce(sum(greatest(0, c.amount_minor - (
                SELECT coalesce(sum(i.amount_minor), 0) FROM invoices AS i WHERE i.order_id = c.order_id))), 0)
            FROM credit_claims AS c JOIN orders AS o USING (order_id)
            WHERE c.customer_id = :customer_id AND c.closed_at IS NULL AND c.currency = :currency
                AND c.order_id <> :order_id AND o.ended_at IS NULL
                AND (c.fits OR o.status NOT IN ('received', 'under_review')))::bigint
        + (SELECT coalesce(sum(amount_minor - settled_minor), 0) FROM invoices
            WHERE customer_id = :customer_id AND closed_at IS NULL AND currency = :currency
                AND order_id <> :order_id)::bigint AS minor,
        (SELECT count(*) FROM invoices
            WHERE customer_id = :customer_id AND closed_at IS NULL AND due_at < now()) AS overdue
""".replace("::", r"\:\:")
)


def claim_credit(session: Session, facts: Mapping[str, AuditFacts]) -> dict[str, CreditFacts]:
    """Return what the customer of each order on credit may owe and owes already, and claim what it
    is to pay.

    Orders of one customer are serialized here, or both would see the same remaining credit.
    """
    orders = {order_id: one.order for order_id, one in facts.items() if one.terms.kind is TermsKind.ON_CREDIT}
    if not orders:
        return {}
    lock_all_named(session, NamedLock.CREDIT, {order.customer_id for order in orders.values()})
    found = dict[str, CreditFacts]()
    for order_id, order in orders.items():
        account = session.get(CreditAccountRow, order.customer_id, populate_existing=True)
        asked = {"order_id": order_id, "customer_id": order.customer_id, "currency": order.currency}
        owed = session.execute(_OWED, asked).one()
        limit = account.limit_minor if account and account.currency == order.currency else None
        found[order_id] = CreditFacts(limit, owed.minor, owed.overdue)
        due = order.left_to_pay
        claim = {"amount_minor": due.minor_units, "fits": found[order_id].allows(due)}
        values = insert(CreditClaimRow).values(**asked, **claim)
        session.execute(values.on_conflict_do_update(index_elements=["order_id"], set_=claim))
    return found


def set_account(session: Session, customer_id: str, currency: str, limit_minor: int, days: int, actor: str) -> None:
    """Set how much a customer may owe; an audit that comes later judges by it."""
    terms = {"currency": currency, "limit_minor": limit_minor, "days": days, "set_by": actor, "set_at": func.now()}
    values = insert(CreditAccountRow).values(customer_id=customer_id, **terms)
    session.execute(values.on_conflict_do_update(index_elements=["customer_id"], set_=terms))
