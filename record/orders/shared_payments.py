"""One payment that covers several orders: each names itself as a part of it, and has no more than its part.

A payment belongs either to one order as a whole or to several by parts, for good: the first claim decides.
"""

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from domain.audit_facts import PaymentFacts
from domain.money import Money
from integrations.payments import GatewayPayment, GatewayPaymentStatus
from models.locks import NamedLock, lock_named
from models.payment import PaymentPartRow

_OCCUPY = text("""
    INSERT INTO payments (reference, order_id, shared_minor) VALUES (:reference, :order_id, :minor)
    ON CONFLICT (reference) DO UPDATE SET shared_minor = greatest(payments.shared_minor, excluded.shared_minor)
        WHERE payments.shared_minor IS NOT NULL
    RETURNING shared_minor
""")


def claim(session: Session, order_id: str, part: Money, payment: GatewayPayment) -> PaymentFacts:
    """Claim the order's part of a payment, once, and return what is known of that part. `taken` if the payment is
    another order's as a whole, or the others' parts leave too little of it."""
    if payment.amount.currency != part.currency:
        return PaymentFacts(payment.status, payment.amount)
    lock_named(session, NamedLock.SHARED_PAYMENT, payment.reference)
    asked = {"reference": payment.reference, "order_id": order_id, "minor": payment.amount.minor_units}
    total = session.scalar(_OCCUPY, asked)
    if total is None:
        return PaymentFacts("taken")
    P = PaymentPartRow
    rows = session.execute(select(P.order_id, P.amount_minor).where(P.reference == payment.reference))
    parts = {row.order_id: row.amount_minor for row in rows}
    if parts.get(order_id) != part.minor_units:
        if order_id in parts or sum(parts.values()) + part.minor_units > total:
            return PaymentFacts("taken")
        session.add(P(reference=payment.reference, order_id=order_id, amount_minor=part.minor_units))
    if payment.status == GatewayPaymentStatus.AUTHORIZED:
        # What is only reserved for all of them is nobody's part yet.
        return PaymentFacts("pending", part)
    return PaymentFacts(payment.status, part)


def parts_of(session: Session, reference: str) -> dict[str, int]:
    """Return what each order has of a shared payment, in minor units; nothing for a payment that is not shared."""
    parts = select(PaymentPartRow.order_id, PaymentPartRow.amount_minor).where(PaymentPartRow.reference == reference)
    return {row.order_id: row.amount_minor for row in session.execute(parts.order_by(PaymentPartRow.order_id))}
