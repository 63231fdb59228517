"""Links by which a customer pays what an edit of the order charges: each is a payment of its own at the gateway."""

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from domain.money import Money
from models.order import OrderRow
from models.payment import PaymentLinkRow, PaymentRow

OPEN, PAID, VOID = "open", "paid", "void"
BEHIND = "@"
"""In the key of a movement, before the reference of the link whose money it is."""


def key_of(key: str, reference: str) -> str:
    """Return the key of the part of a refund that one payment gives back, whose own key is that of the whole."""
    return f"{key}{BEHIND}{reference}" if reference else key


def parts_of(key: str) -> tuple[str, str]:
    """Return the key of the whole refund, and the reference of the payment that this part is of."""
    whole, _, reference = key.partition(BEHIND)
    return whole, reference


def charge(session: Session, row: OrderRow, minor: int, reference: str) -> None:
    """Set what is charged and not paid: the links before are void, and one of this reference is for all of it. The
    payment behind it belongs to the order from now on."""
    if minor == row.charge_minor:
        return
    mine = PaymentLinkRow.order_id == row.order_id, PaymentLinkRow.state == OPEN
    session.execute(update(PaymentLinkRow).where(*mine).values(state=VOID, told_at=None))
    row.charge_minor = minor
    if minor:
        link = {"reference": reference, "order_id": row.order_id}
        session.add(PaymentRow(**link))
        session.add(PaymentLinkRow(**link, amount_minor=minor, currency=row.currency))


def open_link(session: Session, order_id: str) -> PaymentLinkRow | None:
    """Return the link that the customer is to pay by."""
    mine = PaymentLinkRow.order_id == order_id, PaymentLinkRow.state == OPEN
    return session.scalars(select(PaymentLinkRow).where(*mine)).one_or_none()


def unpaid(session: Session, order_id: str) -> list[str]:
    """Return the references of links that the gateway knows and that are not paid as far as we know."""
    mine = PaymentLinkRow.order_id == order_id, PaymentLinkRow.state != PAID, PaymentLinkRow.told_at.is_not(None)
    return list(session.scalars(select(PaymentLinkRow.reference).where(*mine)))


def untold(session: Session, order_id: str) -> list[PaymentLinkRow]:
    """Return the links of which the gateway does not know that they are open or void."""
    mine = PaymentLinkRow.order_id == order_id, PaymentLinkRow.told_at.is_(None), PaymentLinkRow.state != PAID
    return list(session.scalars(select(PaymentLinkRow).where(*mine).order_by(PaymentLinkRow.made_at)))


def pay(session: Session, order_id: str, reference: str, total: Money) -> str:
    """Count the captured total of a link against the charge. Return why a person should look, or an empty text. The
    caller has locked the order."""
    link = session.get_one(PaymentLinkRow, reference, populate_existing=True)
    if link.state == VOID:
        return f"a payment link that was withdrawn was paid: {total.text} {total.currency}"
    if total.currency != link.currency or total.minor_units != link.amount_minor:
        return f"a payment link was paid with {total.text} {total.currency}, which is not what is due"
    if link.state == OPEN:
        link.state = PAID
        # A new version, so that an audit under way judges again.
        less = {"charge_minor": OrderRow.charge_minor - link.amount_minor, "version": OrderRow.version + 1}
        paid = update(OrderRow).where(OrderRow.order_id == order_id).values(less)
        session.execute(paid, execution_options={"synchronize_session": False})
    return ""


def waive(session: Session, order_id: str, reference: str) -> None:
    """The link is not needed, as its amount is reserved with the order's own payment: nothing is charged any more. The
    caller has locked the order."""
    link = session.get_one(PaymentLinkRow, reference, populate_existing=True)
    if link.state == OPEN:
        link.state, link.told_at = VOID, func.now()
        row = session.get_one(OrderRow, order_id, populate_existing=True)
        # A new version, so that an audit under way judges again.
        row.charge_minor, row.version = row.charge_minor - link.amount_minor, row.version + 1
