"""Money that a channel collects and pays back itself is booked by its word, whatever the order's status."""

from sqlalchemy.orm import Session

from domain.money import Money
from domain.payment_terms import TermsKind
from domain.status import UNDONE
from models.order import OrderRow
from record.messages.partner_events import NewEvent
from record.orders import payment_claims
from record.orders.changes import IN_REVIEW
from record.orders.payment_claims import Captured
from record.orders.told_refunds import book_told


def take_money(session: Session, row: OrderRow, refunded: int) -> list[NewEvent]:
    """Book what the channel has collected and paid back in total, and return the events that follow. `row` is locked.

    Money for an order that has ended without goods goes back. An audit books what comes while the order is reviewed,
    unless some of it is back already.
    """
    captured = book_collected(session, row) if refunded or row.status not in IN_REVIEW else None
    book_told(session, row, refunded)
    if captured is None or captured.status not in UNDONE or captured.news.minor_units <= 0 or not row.payment_reference:
        return []
    return [payment_claims.check_of(row.payment_reference, f"{row.order_id}:collected:{row.collected_minor}")]


def book_collected(session: Session, row: OrderRow) -> Captured | None:
    """Book what is new in the total that the channel has collected; None where it does not collect this order's money
    or has said nothing, and where tenders are told one by one. `row` is locked."""
    if row.payment_terms != TermsKind.PLATFORM or row.follow_up_of or row.collected_minor is None or row.tendered_minor:
        return None
    reference = row.payment_reference
    if reference and payment_claims.bind(session, reference) != row.order_id:
        return None
    total = Money(row.collected_minor, row.currency)
    return payment_claims.book_total(session, row.order_id, reference or f"{row.channel}:{row.channel_order_id}", total)
