"""What the record knows of the subjects in each book of the partners."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Subquery, exists, func, or_, select, tuple_
from sqlalchemy.orm import Session

from domain.arrivals import MovedSinceCount, explainable
from domain.money import Money
from domain.statement_books import (
    CAPTURES,
    FULFILLMENT_ORDERS,
    MESSAGES,
    POINTS,
    REFUNDS,
    SHIPMENTS,
    STOCK,
    WAREHOUSE_WORDS,
    Book,
)
from domain.statements import RecordEntry
from domain.status import FulfillmentStatus
from models.fulfillment import FulfillmentOrderRow, ShipmentRow
from models.messaging import MessageRow
from models.order import OrderRow
from models.payment import MoneyMovementRow, PaymentLinkRow
from models.statements import StatementEntryRow
from models.stock import StockRow
from record.orders.payment_links import BEHIND
from record.stock.warehouse_counts import booked_since

Subjects = Sequence[str]

REFUNDED = frozenset({"succeeded", "pending"})
"""Gateway statuses of a refund that counts as done here."""
F, M = FulfillmentOrderRow, MessageRow


def known_of(
    session: Session, partner: str, book: Book, subjects: Subjects, settled: datetime
) -> dict[str, RecordEntry]:
    """Return what the record knows of these subjects; unknown ones are absent."""
    return {known.subject: known for known in KNOWN[book.name](session, partner, subjects, settled)}


def not_listed(
    session: Session, partner: str, book: Book, start: datetime, end: datetime, limit: int, elsewhere: Subjects
) -> list[str]:
    """Return up to `limit` subjects that the partner must know from `start` to `end` and that were not compared.

    Locations in `elsewhere` belong to another WMS."""
    owed = OWED[book.name](partner, elsewhere)
    seen = exists().where(
        StatementEntryRow.partner == partner,
        StatementEntryRow.book == book.name,
        StatementEntryRow.subject == owed.c.subject,
    )
    wanted = select(owed.c.subject).distinct().where(owed.c.at >= start, owed.c.at < end, ~seen)
    return list(session.scalars(wanted.limit(limit)))


def _messages(session: Session, partner: str, subjects: Subjects, settled: datetime) -> Iterator[RecordEntry]:
    for row in session.scalars(select(M).where(M.message_id.in_(subjects), M.recipient == partner)):
        since = row.sent_at or row.created_at
        yield RecordEntry(
            row.message_id, since, owed=row.sent_at is not None, status=f"sent {since:%Y-%m-%d %H:%M} UTC"
        )


def _shipments(session: Session, partner: str, subjects: Subjects, settled: datetime) -> Iterator[RecordEntry]:
    for row in session.scalars(select(ShipmentRow).where(ShipmentRow.shipment_id.in_(subjects))):
        status = "voided" if row.voided_at else row.tracking_status
        since = row.voided_at or row.tracked_at or row.booked_at
        yield RecordEntry(row.shipment_id, since, status=status, statuses=frozenset({status}))


def _captures(session: Session, partner: str, subjects: Subjects, settled: datetime) -> Iterator[RecordEntry]:
    """Yield captures by payment, summed. Old ones may be booked in full with several orders, any of which will do."""
    amount, at = func.sum(MoneyMovementRow.amount_minor), func.max(MoneyMovementRow.at)
    link = func.split_part(MoneyMovementRow.key, BEHIND, 2)
    paid = select(OrderRow.payment_reference, MoneyMovementRow.currency, amount, at).join(
        MoneyMovementRow, MoneyMovementRow.order_id == OrderRow.order_id
    )
    own = OrderRow.payment_reference.in_(subjects), _own_payment(), link == ""
    of = paid.where(MoneyMovementRow.kind == "captured", *own)
    by_order = of.group_by(OrderRow.payment_reference, MoneyMovementRow.currency, OrderRow.order_id)
    of_links = (
        select(PaymentLinkRow.reference, MoneyMovementRow.currency, amount, at)
        .join(MoneyMovementRow, MoneyMovementRow.order_id == PaymentLinkRow.order_id)
        .where(PaymentLinkRow.reference.in_(subjects), MoneyMovementRow.kind == "captured")
        .where(link == PaymentLinkRow.reference)
        .group_by(PaymentLinkRow.reference, MoneyMovementRow.currency)
    )
    for reference, currency, minor, since in [*session.execute(by_order), *session.execute(of_links)]:
        yield RecordEntry(reference, since, status="captured", amount=Money(int(minor), currency))


def _refunds(session: Session, partner: str, subjects: Subjects, settled: datetime) -> Iterator[RecordEntry]:
    of = MoneyMovementRow.key.in_(subjects), MoneyMovementRow.kind == "refunded"
    for row in session.scalars(select(MoneyMovementRow).where(*of)):
        amount = Money(row.amount_minor, row.currency)
        yield RecordEntry(row.key, row.at, status="refunded", statuses=REFUNDED, amount=amount)


def _fulfillment_orders(session: Session, partner: str, subjects: Subjects, settled: datetime) -> Iterator[RecordEntry]:
    for row in session.scalars(select(F).where(F.fulfillment_order_id.in_(subjects))):
        times = (row.created_at, row.released_at, row.packed_at, row.shipped_at, row.delivered_at)
        since = max(time for time in times if time)
        words, owed = WAREHOUSE_WORDS[FulfillmentStatus(row.status)], row.released_at is not None
        yield RecordEntry(row.fulfillment_order_id, since, owed=owed, status=row.status, statuses=words)


def _stock(session: Session, partner: str, subjects: Subjects, settled: datetime) -> Iterator[RecordEntry]:
    """Yield stock with the range that agrees: movements since `settled` may or may not be in the warehouse's figure."""
    places = [(location, sku) for location, _, sku in (subject.partition("/") for subject in subjects)]
    skus = defaultdict[str, list[str]](list)
    for location, sku in places:
        skus[location].append(sku)
    since = {location: booked_since(session, location, settled, found) for location, found in skus.items()}
    for row in session.scalars(select(StockRow).where(tuple_(StockRow.location_id, StockRow.sku).in_(places))):
        least, most = explainable(row.on_hand, since[row.location_id].get(row.sku, MovedSinceCount(0, 0, 0)))
        yield RecordEntry(f"{row.location_id}/{row.sku}", settled, least=least, most=most)


def _points(session: Session, partner: str, subjects: Subjects, settled: datetime) -> Iterator[RecordEntry]:
    """Yield points with the range that agrees: messages that are unsent or sent since `settled` may or may not
    count."""
    points = func.coalesce(M.data["points"].as_integer(), 0)
    waiting = or_(M.sent_at.is_(None), M.sent_at >= settled)
    delivered = func.coalesce(func.sum(points).filter(~waiting), 0)
    given = func.coalesce(func.sum(points).filter(waiting, points > 0), 0)
    taken = func.coalesce(func.sum(points).filter(waiting, points < 0), 0)
    rows = (
        select(OrderRow.customer_id, delivered, given, taken)
        .join(M, M.order_id == OrderRow.order_id)
        .where(OrderRow.customer_id.in_(subjects), M.recipient == partner)
        .group_by(OrderRow.customer_id)
    )
    for customer, sure, more, less in session.execute(rows):
        yield RecordEntry(customer, settled, least=int(sure + less), most=int(sure + more))


def _own_payment() -> Any:
    """True for orders of their own: the gateway does not know money that a return moved to a follow-up order, and need
    not know that of past orders, which is booked by the channel's word."""
    return (OrderRow.follow_up_of == "") & ~OrderRow.past


def _messages_sent(partner: str, elsewhere: Subjects) -> Subquery:
    return select(M.message_id.label("subject"), M.sent_at.label("at")).where(M.recipient == partner).subquery()


def _shipments_booked(partner: str, elsewhere: Subjects) -> Subquery:
    return select(ShipmentRow.shipment_id.label("subject"), ShipmentRow.booked_at.label("at")).subquery()


def _captured(partner: str, elsewhere: Subjects) -> Subquery:
    link = func.nullif(func.split_part(MoneyMovementRow.key, BEHIND, 2), "")
    payment = func.coalesce(link, OrderRow.payment_reference)
    moved = select(payment.label("subject"), MoneyMovementRow.at).join(OrderRow)
    return moved.where(MoneyMovementRow.kind == "captured", _own_payment()).subquery()


def _refunded(partner: str, elsewhere: Subjects) -> Subquery:
    moved = select(MoneyMovementRow.key.label("subject"), MoneyMovementRow.at).join(OrderRow)
    # What a channel paid back for a past order stands under a key of its own.
    by_us = ~OrderRow.past | MoneyMovementRow.return_id.is_not(None)
    return moved.where(MoneyMovementRow.kind == "refunded", by_us).subquery()


def _released(partner: str, elsewhere: Subjects) -> Subquery:
    work = select(F.fulfillment_order_id.label("subject"), F.released_at.label("at"))
    return work.where(F.location_id.not_in(elsewhere)).subquery()


KNOWN: Mapping[str, Callable[[Session, str, Subjects, datetime], Iterator[RecordEntry]]] = {
    MESSAGES.name: _messages,
    SHIPMENTS.name: _shipments,
    CAPTURES.name: _captures,
    REFUNDS.name: _refunds,
    FULFILLMENT_ORDERS.name: _fulfillment_orders,
    STOCK.name: _stock,
    POINTS.name: _points,
}
OWED: Mapping[str, Callable[[str, Subjects], Subquery]] = {
    MESSAGES.name: _messages_sent,
    SHIPMENTS.name: _shipments_booked,
    CAPTURES.name: _captured,
    REFUNDS.name: _refunded,
    FULFILLMENT_ORDERS.name: _released,
}
"""For the books that are owed: what the partner must know (`subject`), and since when (`at`)."""
