"""Automatic repairs of differences: resend lost messages, apply a carrier's late tracking, and for money ask the
gateway
and call a person. Everything else is only reported."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import func, select, union, update
from sqlalchemy.orm import Session

from domain.statement_books import BOOKS_DIFFER, CAPTURES, MESSAGES, REFUNDS, SHIPMENTS
from domain.statements import Entry, Kind
from domain.status import TrackingStatus
from domain.tracking import follows
from models.fulfillment import ShipmentRow
from models.messaging import MessageRow
from models.order import OrderRow
from models.payment import MoneyMovementRow
from record import journal
from record.comparing.differences import UNSYNCHRONIZED, Row
from record.messages.partner_events import INSERT_EVENTS, NewEvent
from record.orders import payment_claims
from record.recordset import json_array

TRACKED = "shipment.tracking_updated"


@dataclass(frozen=True)
class Mending:
    """`act` repairs differences of these `kinds`, at most `most` times each, given the partner's current entries."""

    kinds: tuple[Kind, ...]
    most: int
    act: Callable[[Session, Sequence[Row], Mapping[str, Entry]], None]


def to_mend(session: Session, partner: str, book: str, begun: datetime, after: int, limit: int) -> Sequence[Row]:
    """Return differences that this comparison found and that may still be repaired."""
    if book not in MENDING:
        return []
    of_book = Row.partner == partner, Row.book == book, Row.gone_at.is_(None), Row.difference_id > after
    may = Row.last_seen_at >= begun, Row.kind.in_(MENDING[book].kinds), Row.mends < MENDING[book].most
    return session.scalars(select(Row).where(*of_book, *may).order_by(Row.difference_id).limit(limit)).all()


def mend(session: Session, book: str, rows: Sequence[Row], entries: Mapping[str, Entry]) -> None:
    """Repair these differences and count the attempt, in the caller's transaction."""
    MENDING[book].act(session, rows, entries)
    those = Row.difference_id.in_([row.difference_id for row in rows])
    done = update(Row).where(those).values(mends=Row.mends + 1, mended_at=func.now())
    session.execute(done, execution_options=UNSYNCHRONIZED)


def _send_again(session: Session, rows: Sequence[Row], entries: Mapping[str, Entry]) -> None:
    """Resend messages under the same ids, so that a recipient that has them ignores them; relay/messages.py carries
    them."""
    lost = MessageRow.message_id.in_([row.subject for row in rows]), MessageRow.sent_at.is_not(None)
    again = {"sent_at": None, "redelivered_at": func.now(), "tries": 0, "last_error": None}
    session.execute(update(MessageRow).where(*lost).values(again), execution_options=UNSYNCHRONIZED)


def _apply_tracking(session: Session, rows: Sequence[Row], entries: Mapping[str, Entry]) -> None:
    """Store the carrier's status as if its webhook had come, where it is newer than ours."""
    news = []
    for shipment in session.scalars(select(ShipmentRow).where(ShipmentRow.shipment_id.in_(entries))):
        entry = entries[shipment.shipment_id]
        known = entry.status in set(TrackingStatus) and shipment.voided_at is None
        if known and follows(TrackingStatus(entry.status), entry.at, shipment.tracking_status, shipment.tracked_at):
            news.append(tracking(shipment, entry))
    session.execute(INSERT_EVENTS, {"rows": json_array(json.dumps(asdict(event)) for event in news)})


def tracking(shipment: ShipmentRow, entry: Entry) -> NewEvent:
    at = entry.at.isoformat()
    data = {"shipment_id": shipment.shipment_id, "waybill": shipment.waybill, "status": entry.status}
    data |= {"occurred_at": at, "note": "from the carrier's statement"}
    return NewEvent("tms", f"statement:{entry.subject}:{entry.status}:{at}", TRACKED, entry.subject, data)


def _call_a_person(session: Session, rows: Sequence[Row], entries: Mapping[str, Entry]) -> None:
    """Call a person. Money is never moved automatically: a refund that the gateway lacks may have gone another way."""
    subjects = [row.subject for row in rows]
    paid_back = select(MoneyMovementRow.order_id, MoneyMovementRow.key).where(MoneyMovementRow.key.in_(subjects))
    paid = select(OrderRow.order_id, OrderRow.payment_reference).where(OrderRow.payment_reference.in_(subjects))
    reason = "the payment gateway's books differ from ours: see the report of differences"
    for order_id, subject in session.execute(union(paid_back, paid)).all():
        key, data = f"alert:{BOOKS_DIFFER}:{subject}", {"code": BOOKS_DIFFER, "reason": reason}
        journal.append_fact(session, order_id, "alert.raised", key, data, rows[0].partner)
        of_order = OrderRow.order_id == order_id
        session.execute(update(OrderRow).where(of_order).values(attention=reason), execution_options=UNSYNCHRONIZED)


def _ask_gateway(session: Session, rows: Sequence[Row], entries: Mapping[str, Entry]) -> None:
    """Have the gateway asked about payments of our orders, and call a person unless the record just lacks them."""
    subjects = [row.subject for row in rows]
    ours = select(OrderRow.payment_reference).where(OrderRow.payment_reference.in_(subjects)).distinct()
    for reference in session.scalars(ours):
        amount = entries[reference].amount if reference in entries else None
        payment_claims.ask_for_check(
            session, reference, f"statement:{reference}:{amount.minor_units if amount else ''}"
        )
    if known := [row for row in rows if row.kind != Kind.UNKNOWN_HERE]:
        _call_a_person(session, known, entries)


MONEY = Mending((Kind.MISSING_THERE, Kind.AMOUNT_DIFFERS, Kind.STATUS_DIFFERS), 1, _call_a_person)
MENDING: Mapping[str, Mending] = {
    MESSAGES.name: Mending((Kind.MISSING_THERE,), 3, _send_again),
    SHIPMENTS.name: Mending((Kind.STATUS_DIFFERS,), 3, _apply_tracking),
    CAPTURES.name: Mending((*MONEY.kinds, Kind.UNKNOWN_HERE), 1, _ask_gateway),
    REFUNDS.name: MONEY,
}
"""By book. Books without a line are only reported: stock, points and fulfillment orders."""
