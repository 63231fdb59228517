"""Book what the gateway says was captured, before anything is paid back."""

from collections.abc import Iterable

from sqlalchemy import select

from domain.errors import UnknownPayment
from domain.payment_terms import PAST_THE_GATEWAY, TermsKind
from domain.tenders import TenderKind
from integrations.payments import GatewayPaymentStatus, Payments
from models.database import Sessions
from models.order import OrderRow
from models.payment import TenderRow
from record.order_mapping import lock_order
from record.orders import payment_claims, payment_links
from record.orders.collected import book_collected
from record.orders.payment_claims import Captured


def ask_gateway(sessions: Sessions, payments: Payments, order: OrderRow) -> Captured | None:
    """Ask what was captured of the order's own payment and book it; None when nothing was. Where the
    channel collects, its word is booked and nobody is asked.

    Money that a return moved to a follow-up order is booked already. Links that are not paid here are asked for first.
    Raises PartnerTrouble.
    """
    ask_for_links(sessions, payments, order.order_id)
    if order.tendered_minor:
        _ask_for_tenders(sessions, payments, order.order_id)
    if order.payment_terms == TermsKind.PLATFORM:
        with sessions.begin() as session:
            return book_collected(session, lock_order(session, order.order_id))
    if order.payment_terms in PAST_THE_GATEWAY or not is_own_payment(sessions, order):
        return None
    try:
        payment = payments.payment(order.payment_reference)
    except UnknownPayment:
        return None
    if payment.status != GatewayPaymentStatus.CAPTURED and not payment.taken.minor_units:
        return None
    with sessions.begin() as session:
        return payment_claims.capture(session, order.payment_reference, payment.taken, order.order_id)


def ask_for_links(sessions: Sessions, payments: Payments, order_id: str) -> None:
    """Ask whether the order's payment links were paid, and book what was. Raises PartnerTrouble."""
    with sessions() as session:
        references = payment_links.unpaid(session, order_id)
    _book_captured(sessions, payments, references)


def _ask_for_tenders(sessions: Sessions, payments: Payments, order_id: str) -> None:
    mine = select(TenderRow.reference).where(TenderRow.order_id == order_id, TenderRow.kind == TenderKind.GATEWAY)
    with sessions() as session:
        references = list(session.scalars(mine.order_by(TenderRow.tender_no)))
    _book_captured(sessions, payments, references)


def _book_captured(sessions: Sessions, payments: Payments, references: Iterable[str]) -> None:
    for reference in references:
        try:
            payment = payments.payment(reference)
        except UnknownPayment:
            continue
        if payment.status == GatewayPaymentStatus.CAPTURED:
            with sessions.begin() as session:
                payment_claims.capture(session, reference, payment.amount)


def is_own_payment(sessions: Sessions, order: OrderRow) -> bool:
    """True if the payment that the order names belongs to this order and no other."""
    if order.follow_up_of or not order.payment_reference:
        return False
    with sessions.begin() as session:
        if order.shared_payment:
            return payment_claims.has_part(session, order.payment_reference, order.order_id)
        return payment_claims.owner(session, order.payment_reference) == order.order_id
