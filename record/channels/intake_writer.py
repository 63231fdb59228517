"""Write what channels sent: the intakes, changes of known orders, and events.

New orders were committed before, in a group commit. What a crash leaves out is written when the channel sends the same
again, which it does until it has an answer.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from domain.payment_terms import TermsKind
from integrations.channels.translated import Kind
from models.database import Sessions
from models.messaging import PartnerEventRow
from models.order import OrderRow
from record.channels.events import events_of
from record.channels.intakes import CONFLICT, Arrival, Intake, keep_all
from record.channels.past_orders import keep_up
from record.channels.reading import Reading
from record.messages.partner_events import NewEvent
from record.orders.changes import merge
from record.orders.collected import take_money
from record.orders.elsewhere import take_statement


class ChannelWriter:
    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def __call__(self, arrivals: Sequence[Arrival]) -> list[Intake]:
        """Write all arrivals in one transaction. Return the intakes in the same sequence."""
        with self._sessions.begin() as session:
            known = _lock(session, arrivals)
            events = dict[tuple[str, str], NewEvent]()
            conflicts = list[str | None]()
            for arrival in arrivals:
                conflict, changes = _apply(session, arrival, known)
                conflicts.append(conflict)
                if conflict is None:
                    reading = _of_interest(arrival, known)
                    changes = [*changes, *events_of(arrival.channel, reading, arrival.new)]
                events |= {(event.partner, event.event_id): event for event in changes}
            erased = {order_id for order_id, row in known.items() if not row.receiver}
            intakes = keep_all(session, arrivals, conflicts, erased)
            _store(session, [events[key] for key in sorted(events)])
        return intakes


def _lock(session: Session, arrivals: Iterable[Arrival]) -> dict[str, OrderRow]:
    ids = {one.receipt.order_id for one in arrivals if one.receipt}
    if not ids:
        return {}
    # New ones too, and before any insert, so that concurrent repeats wait here only. It also blocks the insert of a
    # fulfillment order, which takes a weaker lock on its order.
    rows = select(OrderRow).where(OrderRow.order_id.in_(ids)).order_by(OrderRow.order_id).with_for_update()
    return {row.order_id: row for row in session.scalars(rows)}


def _apply(session: Session, arrival: Arrival, known: Mapping[str, OrderRow]) -> tuple[str | None, list[NewEvent]]:
    """Apply the change of a known order. Return why it is refused, if it is, and the events that follow."""
    receipt, reading = arrival.receipt, arrival.reading
    if receipt is None or reading.new is None or reading.order is None or receipt.new:
        return None, []
    row = known[receipt.order_id]
    if row.past:
        keep_up(session, row, reading)
        return None, []
    if not row.receiver:
        # Its person was erased, and a repeat must not bring the data back.
        return None, []
    if reading.version == row.channel_version and reading.new.request_hash != row.request_hash:
        return CONFLICT, []
    canceled = Kind.CANCELED in reading.kinds
    elsewhere = take_statement(session, row, reading.order, reading.elsewhere, reading.version, canceled=canceled)
    later = reading.version > row.channel_version
    events = [*elsewhere, *merge(session, row, reading.order, reading.new, reading.version)]
    if later and row.payment_terms == TermsKind.PLATFORM:
        events += take_money(session, row, reading.said_refunded)
    return None, events


def _of_interest(arrival: Arrival, known: Mapping[str, OrderRow]) -> Reading:
    """Return the reading with the kinds of news that matter: of a past order nobody looks at the payment any more."""
    row = known.get(arrival.receipt.order_id) if arrival.receipt else None
    if row is None or not row.past:
        return arrival.reading
    return replace(arrival.reading, kinds=arrival.reading.kinds & {Kind.REFUND_ASKED, Kind.CANCELED})


def _store(session: Session, events: Sequence[NewEvent]) -> None:
    if not events:
        return
    rows = [
        {
            "partner": event.partner,
            "event_id": event.event_id,
            "type": event.type,
            "subject": event.subject,
            "data": event.data,
        }
        for event in events
    ]
    session.execute(insert(PartnerEventRow).values(rows).on_conflict_do_nothing())
