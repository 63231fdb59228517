"""Tenders of an order: ask whoever's word counts what is paid of each, and book it once."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.audit_facts import TenderFacts
from domain.errors import PartnerBusy, PartnerTrouble, UnknownPayment
from domain.status import ORDER, OrderStatus, is_final
from domain.tenders import BALANCES, Tender, TenderKind
from integrations.payments import GatewayPaymentStatus, Payments
from models.database import Sessions
from models.payment import TenderRow
from record.order_mapping import as_tender, lock_order, order_of
from record.orders import balances, payment_claims
from record.orders.movements import Movement, book


def ask_for_tenders(
    sessions: Sessions, payments: Payments, order_id: str, tenders: Sequence[Tender]
) -> tuple[TenderFacts, ...]:
    """Return what is known of each tender, and book what is paid: nothing is locked while the gateway is asked.

    Raises PartnerBusy.
    """
    now = datetime.now(UTC)
    return tuple([_timed(_ask(sessions, payments, order_id, tender), now) for tender in tenders])


def _timed(known: TenderFacts, now: datetime) -> TenderFacts:
    due_at = known.tender.due_at
    return replace(known, seconds_left=int((due_at - now).total_seconds())) if due_at else known


def tenders(session: Session, order_id: str) -> list[Tender]:
    """Return the tenders of an order; none costs a statement too, so ask for orders that have some."""
    order = order_of(session, order_id)
    mine = select(TenderRow).where(TenderRow.order_id == order_id).order_by(TenderRow.tender_no)
    return [as_tender(row, order.currency) for row in session.scalars(mine)]


def _ask(sessions: Sessions, payments: Payments, order_id: str, tender: Tender) -> TenderFacts:
    if tender.kind is TenderKind.PLATFORM:
        return _by_the_channel(sessions, order_id, tender)
    if tender.kind in BALANCES:
        return _of_balance(sessions, order_id, tender)
    with sessions.begin() as session:
        if payment_claims.bind(session, tender.reference) != order_id:
            return TenderFacts(tender, "taken")
    try:
        payment = payments.payment(tender.reference)
    except UnknownPayment:
        return TenderFacts(tender, "unknown")
    except PartnerBusy:
        raise
    except PartnerTrouble:
        return TenderFacts(tender, "silent")
    if payment.status == GatewayPaymentStatus.CAPTURED:
        with sessions.begin() as session:
            payment_claims.capture(session, tender.reference, payment.amount)
    return TenderFacts(tender, payment.status, payment.amount)


def _of_balance(sessions: Sessions, order_id: str, tender: Tender) -> TenderFacts:
    with sessions.begin() as session:
        if is_final(ORDER, OrderStatus(lock_order(session, order_id).status)):
            return TenderFacts(tender, "unknown")
        return balances.spend(session, order_id, tender)


def _by_the_channel(sessions: Sessions, order_id: str, tender: Tender) -> TenderFacts:
    if not tender.collected:
        return TenderFacts(tender, "uncollected")
    with sessions.begin() as session:
        row = lock_order(session, order_id)
        if not is_final(ORDER, OrderStatus(row.status)):
            book(session, Movement(order_id, tender.reference, "captured", tender.amount, f"@{tender.reference}"))
    return TenderFacts(tender, "captured", tender.amount)
