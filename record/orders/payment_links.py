"""Links by which a customer pays what an edit of the order charges: each is a payment of its own at the gateway."""

from sqlalchemy import case, func, select, update
from sqlalchemy.orm import Session

from domain.money import Money
from models.order import OrderRow
from models.payment import AskedRefundRow, MoneyMovementRow, PaymentLinkRow, PaymentRow
from record import money

OPEN, PAID, VOID = "open", "paid", "void"
BEHIND = "@"
"""In the key of a movement, before the reference of the link whose money it is."""


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


def shares(session: Session, order_id: str, amount: Money) -> list[tuple[str, Money]]:
    """Share a refund out among the order's own payment (the empty text) and those of its links, the newest first, each
    never beyond what is left of it. What none of them has is asked of its own, so that the gateway refuses it."""
    links = select(PaymentLinkRow.reference).where(PaymentLinkRow.order_id == order_id)
    references = list(session.scalars(links.order_by(PaymentLinkRow.made_at.desc())))
    if not references:
        return [("", amount)]
    left, due = _left(session, order_id, amount.currency), amount.minor_units
    found = dict[str, int]()
    for reference in ("", *references):
        found[reference] = min(due, max(0, left.get(reference, 0)))
        due -= found[reference]
    found[""] += due
    return [(reference, Money(minor, amount.currency)) for reference, minor in found.items() if minor]


def _left(session: Session, order_id: str, currency: str) -> dict[str, int]:
    """Return what was captured and neither paid back nor asked back, by the reference of the link, empty for the
    order's own payment."""
    M, A = MoneyMovementRow, AskedRefundRow
    sign = case(money.INFLOWS | money.OUTFLOWS, value=M.kind, else_=0)
    link = func.split_part(M.key, BEHIND, 2)
    mine = M.order_id == order_id, M.currency == currency
    sums = session.execute(select(link, func.sum(M.amount_minor * sign)).where(*mine).group_by(link))
    left = {reference: int(minor) for reference, minor in sums}
    asked = select(A.link, A.amount_minor).where(A.order_id == order_id, A.currency == currency)
    for reference, minor in session.execute(asked):
        left[reference] = left.get(reference, 0) - minor
    return left
