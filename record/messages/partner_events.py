"""Store events of partners, once by partner and event id; the relay carries them on."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from models.database import Sessions, autocommit
from models.messaging import PartnerEventRow
from models.prepared import prepared
from record.recordset import json_array

# Numbered as they came, then sorted: two processes that insert the same events in different sequence would deadlock.
INSERT_EVENTS = prepared(r"""
    INSERT INTO partner_events (partner, event_id, type, subject, data, sequence)
    SELECT * FROM (SELECT partner, event_id, type, subject, data, nextval('partner_events_sequence_seq')
                   FROM json_populate_recordset(NULL\:\:partner_events, :rows)) AS arrived
    ORDER BY partner, event_id
    ON CONFLICT (partner, event_id) DO NOTHING
    RETURNING partner, event_id
""")


@dataclass(frozen=True, slots=True)
class NewEvent:
    partner: str
    event_id: str
    type: str
    subject: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Stored:
    """`same` is false when the event id was used before with other data."""

    new: bool
    same: bool


def store(session: Session, event: NewEvent) -> None:
    """Store one event in this transaction; nothing if it is known."""
    session.execute(INSERT_EVENTS, {"rows": json_array([event_row(event)])})


class EventWriter:
    """Commits a group of events with one statement, and reads by a second those that were known before."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def __call__(self, events: Sequence[NewEvent]) -> list[Stored]:
        rows = json_array(map(event_row, events))
        with autocommit(self._sessions) as session:
            new = {(row.partner, row.event_id) for row in session.execute(INSERT_EVENTS, {"rows": rows})}
            first = _known(session, {_key(event) for event in events} - new)
        stored = []
        for event in events:
            data = first.setdefault(_key(event), event.data)
            stored.append(Stored(new=_key(event) in new, same=data == event.data))
            # The same event may stand twice in one group.
            new.discard(_key(event))
        return stored


def event_row(event: NewEvent) -> str:
    """Return the event as JSON for INSERT_EVENTS."""
    # Not by `asdict`, which copies the data part by part.
    row = {"partner": event.partner, "event_id": event.event_id, "type": event.type, "subject": event.subject}
    return json.dumps(row | {"data": event.data})


def _key(event: NewEvent) -> tuple[str, str]:
    return event.partner, event.event_id


def _known(session: Session, keys: set[tuple[str, str]]) -> dict[tuple[str, str], dict[str, Any]]:
    if not keys:
        return {}
    columns = select(PartnerEventRow.partner, PartnerEventRow.event_id, PartnerEventRow.data)
    rows = session.execute(columns.where(tuple_(PartnerEventRow.partner, PartnerEventRow.event_id).in_(keys)))
    return {(row.partner, row.event_id): row.data for row in rows}
