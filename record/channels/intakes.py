"""Intakes as rows: every payload of a channel once, with what became of it so far."""

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
    """A payload with what was read of it, and the receipt of its order. `intake_id` is known when it is tried again."""

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
        """Whether its order was not known before."""
        return bool(self.receipt and self.receipt.new)


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


def keep_all(
    session: Session, arrivals: Sequence[Arrival], conflicts: Sequence[str | None], erased: Collection[str]
) -> list[Intake]:
    """In the order of the arrivals, but written in one that two transactions with the same payloads agree on.

    Of orders whose person was `erased` the payload itself is not kept.
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
        row = _insert(session, arrival, became, name)
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
    return Intake(row.intake_id, row.status, row.order_id, row.channel_order_id, row.field, row.reason, arrival.new)


def _insert(session: Session, arrival: Arrival, became: Mapping[str, Any], name: str) -> IntakeRow:
    """The row of the payload, which may be there: then it counts one try more."""
    row = insert(IntakeRow).values(
        intake_id=new_order_id(),
        channel=arrival.channel,
        translator=arrival.translator,
        source=arrival.source,
        digest=name,
        raw=arrival.raw,
        headers=dict(arrival.headers),
        **became,
    )
    again = row.on_conflict_do_update(index_elements=["channel", "digest"], set_={"tries": IntakeRow.tries + 1})
    return session.scalars(again.returning(IntakeRow), execution_options={"populate_existing": True}).one()
