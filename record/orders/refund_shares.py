"""How a refund is shared out among the payments of an order: its own, those of links, and its tenders."""

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from domain.money import Money
from domain.parameters import read_parameters, valid_at
from domain.payment_terms import TermsKind
from domain.refund_order import RefundablePayment, order_of, shared_out
from domain.tenders import TenderKind
from models.order import OrderRow
from models.payment import AskedRefundRow, MoneyMovementRow, PaymentLinkRow, TenderRow
from record import money
from record.orders.payment_links import BEHIND
from record.parameters import dated_rows


def shares(session: Session, order: OrderRow, amount: Money, only: TenderKind | None = None) -> list[tuple[str, Money]]:
    """Share a refund out by the reference of the payment, empty for the order's own, in the order that was stated when
    the order was placed; each gives no more than is left of it, and `only` those of one kind anything. The caller has
    locked the order."""
    others = _others(session, order.order_id)
    if not others:
        return [("", amount)]
    left = _left(session, order.order_id, amount.currency)
    own = TenderKind.PLATFORM if order.payment_terms == TermsKind.PLATFORM else TenderKind.GATEWAY
    paid = [RefundablePayment("", own, left.get("", 0))]
    paid += [RefundablePayment(name, kind, left.get(name, 0), since) for since, (name, kind) in enumerate(others, 1)]
    paid = [one for one in paid if only in (None, one.kind)]
    rules = read_parameters(valid_at(dated_rows(session), order.placed_at))
    parts = shared_out(amount.minor_units, paid, order_of(rules.refund_order, order.channel))
    return [(reference, Money(minor, amount.currency)) for reference, minor in parts]


def _others(session: Session, order_id: str) -> list[tuple[str, TenderKind]]:
    """Return the tenders and links of an order, the first one first."""
    tenders = select(TenderRow.reference, TenderRow.kind).where(TenderRow.order_id == order_id)
    links = select(PaymentLinkRow.reference).where(PaymentLinkRow.order_id == order_id)
    return [
        *[(row.reference, TenderKind(row.kind)) for row in session.execute(tenders.order_by(TenderRow.tender_no))],
        *[(reference, TenderKind.GATEWAY) for reference in session.scalars(links.order_by(PaymentLinkRow.made_at))],
    ]


def _left(session: Session, order_id: str, currency: str) -> dict[str, int]:
    """Return what was captured and neither paid back nor asked back, by reference, empty for the order's own
    payment."""
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


def left_of(session: Session, order_id: str, currency: str, payment: str = "") -> int:
    """Return what is left of this payment, empty for the order's own, in minor units."""
    return _left(session, order_id, currency).get(payment, 0)


def payment_of(session: Session, order: OrderRow, reference: str) -> str:
    """Return the tender or link that has this reference; empty for the order's own payment."""
    others = _others(session, order.order_id) if reference != order.payment_reference else []
    return reference if reference in [name for name, _ in others] else ""


def kind_of(session: Session, order_id: str, reference: str) -> TenderKind | None:
    """Return the kind of the tender with this reference; None for the order's own payment and for links."""
    mine = select(TenderRow.kind).where(TenderRow.order_id == order_id, TenderRow.reference == reference)
    kind = session.scalar(mine) if reference else None
    return TenderKind(kind) if kind else None
