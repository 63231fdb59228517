"""Intakes as rows: every payload of a channel once, with its outcome so far."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from domain.ids import new_order_id
from models.channel import IntakeRow
from record.channels.reading import REJECTED, TAKEN, Reading, digest
from record.orders.writer import Receipt

RETRIED = "retried"
CONFLICT = "this order came before with another body of the same time"


@dataclass(frozen=True, slots=True)
class Arrival:
    """A payload, its reading, and the receipt of its order. `intake_id` is set when it is retried."""

    source: str
    translator: str
    channel: str
    raw: bytes
    headers: Mapping[str, str]
    reading: Reading
    receipt: Receipt | None = None
    intake_id: str | None = None

    @property
    def new(self) -> bool:
        """True if its order was not known before."""
        return bool(self.receipt and self.receipt.new)


@dataclass(frozen=True, slots=True)
class Intake:
    """The outcome of an arrival. `new` if its order was not known before."""

    intake_id: str
    status: str
    order_id: str | None
    channel_order_id: str | None
    field: str | None
    reason: str | None
    new: bool


def keep_all(
    session: Session, arrivals: Sequence[Arrival], conflicts: Sequence[str | None], erased: Collection[str]
) -> list[Intake]:
    """Write the intakes. Return them in the sequence of the arrivals.

    They are written sorted by digest, so that two transactions with the same payloads never deadlock. Payloads of
    orders whose person was `erased` are not stored.
    """
    written = dict[int, Intake]()
    names = [digest(arrival.reading, arrival.raw) for arrival in arrivals]
    for number in sorted(range(len(arrivals)), key=names.__getitem__):
        arrival = arrivals[number]
        if arrival.receipt and arrival.receipt.order_id in erased:
            arrival = replace(arrival, raw=b"", headers={})
        written[number] = _keep(session, arrival, conflicts[number], names[number])
    return [written[number] for number in range(len(arrivals))]


def _keep(session: Session, arrival: Arrival, conflict: str | None, name: str) -> Intake:
    reading, receipt = arrival.reading, arrival.receipt
    outcome: dict[str, Any] = {
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
        row = _insert(session, arrival, outcome, name)
    if row.status == REJECTED and outcome["status"] == TAKEN:
        outcome["status"] = RETRIED
    if arrival.intake_id is not None or row.tries > 1:
        row.tries += arrival.intake_id is not None
        row.tried_at = func.now()
        # What was taken stays taken, even if a later version of our translator rejects it.
        if row.status not in (TAKEN, RETRIED):
            for name, value in outcome.items():
                setattr(row, name, value)
    session.flush()
    return Intake(row.intake_id, row.status, row.order_id, row.channel_order_id, row.field, row.reason, arrival.new)


def _insert(session: Session, arrival: Arrival, outcome: Mapping[str, Any], name: str) -> IntakeRow:
    """Insert the payload; if it is stored already, count one more try."""
    row = insert(IntakeRow).values(
        intake_id=new_order_id(),
        channel=arrival.channel,
        translator=arrival.translator,
        source=arrival.source,
        digest=name,
        raw=arrival.raw,
        headers=dict(arrival.headers),
        **outcome,
    )
    again = row.on_conflict_do_update(index_elements=["channel", "digest"], set_={"tries": IntakeRow.tries + 1})
    return session.scalars(again.returning(IntakeRow), execution_options={"populate_existing": True}).one()
