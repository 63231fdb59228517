"""Writing what channels sent: the intakes themselves, what changes of orders that are known, and events for the rest.

Orders that are new were committed before, with many others. Whatever a crash leaves out is written when the channel
sends the same again, which it does until it has an answer.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from api.channel_changes import merge
from api.channel_events import events_of
from api.channel_reading import REJECTED, TAKEN, Reading, digest
from api.order_writer import Receipt
from api.partner_events import NewEvent
from domain.ids import new_order_id
from models.channel import IntakeRow
from models.database import Sessions
from models.messaging import PartnerEventRow
from models.order import OrderRow

RETRIED = "retried"
CONFLICT = "this order came before with another body of the same time"


@dataclass(frozen=True, slots=True)
class Arrival:
    """A payload with what was read of it, and the receipt of its order. `intake_id` is known when it is tried again."""

    source: str
    translator: str
    channel: str
    raw: bytes
    headers: Mapping[str, str]
    reading: Reading
    receipt: Receipt | None = None
    intake_id: str | None = None


@dataclass(frozen=True, slots=True)
class Intake:
    """What became of an arrival. `new` says that its order was not known before."""

    intake_id: str
    status: str
    order_id: str | None
    channel_order_id: str | None
    field: str | None
    reason: str | None
    new: bool


class ChannelWriter:
    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def __call__(self, arrivals: Sequence[Arrival]) -> list[Intake]:
        """One transaction for all of them; answers in their order."""
        with self._sessions.begin() as session:
            known = _lock(session, arrivals)
            events = dict[tuple[str, str], NewEvent]()
            intakes = list[Intake]()
            for arrival in arrivals:
                conflict, changes = _apply(session, arrival, known)
                if conflict is None:
                    changes = [*changes, *events_of(arrival.channel, arrival.reading)]
                events |= {(event.partner, event.event_id): event for event in changes}
                intakes.append(_keep(session, arrival, conflict))
            _store(session, [events[key] for key in sorted(events)])
        return intakes


def _lock(session: Session, arrivals: Iterable[Arrival]) -> dict[str, OrderRow]:
    ids = {one.receipt.order_id for one in arrivals if one.receipt and not one.receipt.new}
    if not ids:
        return {}
    # In one sequence, and against the insert of a fulfillment order, which takes a weaker lock on its order.
    rows = select(OrderRow).where(OrderRow.order_id.in_(ids)).order_by(OrderRow.order_id).with_for_update()
    return {row.order_id: row for row in session.scalars(rows)}


def _apply(session: Session, arrival: Arrival, known: Mapping[str, OrderRow]) -> tuple[str | None, list[NewEvent]]:
    """Why the order is refused, if it is, and what follows from the change of one that is known."""
    receipt, reading = arrival.receipt, arrival.reading
    if receipt is None or reading.new is None or reading.order is None or receipt.new:
        return None, []
    row = known[receipt.order_id]
    if reading.version == row.channel_version and reading.new.request_hash != row.request_hash:
        return CONFLICT, []
    return None, merge(session, row, reading.order, reading.new, reading.version)


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


def _keep(session: Session, arrival: Arrival, conflict: str | None) -> Intake:
    reading, receipt = arrival.reading, arrival.receipt
    became: dict[str, Any] = {
        "status": REJECTED if conflict else reading.status,
        "kind": reading.kind,
        "field": "channel_order_id" if conflict else reading.field,
        "reason": conflict or reading.reason,
        "order_id": receipt.order_id if receipt else None,
        "channel_order_id": reading.order.channel_order_id if reading.order else None,
        "wanted": [{"order_id": one.order_id, "kind": one.kind, "event_id": one.event_id} for one in reading.wanted],
    }
    if arrival.intake_id is not None:
        where = IntakeRow.intake_id == arrival.intake_id
        row = session.scalars(select(IntakeRow).where(where).with_for_update()).one()
    else:
        row = _insert(session, arrival, became)
    if row.status == REJECTED and became["status"] == TAKEN:
        became["status"] = RETRIED
    if arrival.intake_id is not None or row.tries > 1:
        row.tries += arrival.intake_id is not None
        row.tried_at = func.now()
        # What was taken stays taken, also when a later try finds that our translator has become worse.
        if row.status not in (TAKEN, RETRIED):
            for name, value in became.items():
                setattr(row, name, value)
    session.flush()
    new = bool(receipt and receipt.new)
    return Intake(row.intake_id, row.status, row.order_id, row.channel_order_id, row.field, row.reason, new)


def _insert(session: Session, arrival: Arrival, became: Mapping[str, Any]) -> IntakeRow:
    """The row of the payload, which may be there: then it counts one try more."""
    row = insert(IntakeRow).values(
        intake_id=new_order_id(),
        channel=arrival.channel,
        translator=arrival.translator,
        source=arrival.source,
        digest=digest(arrival.reading, arrival.raw),
        raw=arrival.raw,
        headers=dict(arrival.headers),
        **became,
    )
    again = row.on_conflict_do_update(index_elements=["channel", "digest"], set_={"tries": IntakeRow.tries + 1})
    return session.scalars(again.returning(IntakeRow), execution_options={"populate_existing": True}).one()
