"""The log of orders, read in sequence and never past a fact that may still be committed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from domain.public_events import PUBLIC

_ENTRIES = """
    SELECT e.event_id, e.order_id, e.at, e.type, e.data, o.channel, o.channel_order_id, o.currency,
           o.grand_total_minor AS total_minor,
           o.receiver || jsonb_build_object('country', o.country, 'province', o.province) AS receiver
    FROM order_events e JOIN orders o USING (order_id)
"""
PAGE = text(f"""{_ENTRIES}
    WHERE e.event_id > :after AND e.event_id <= :up_to AND e.type = ANY(:types)
    ORDER BY e.event_id LIMIT :limit
""")
THESE = text(f"{_ENTRIES} WHERE e.event_id = ANY(:event_ids)")
# OFFSET 0 keeps PostgreSQL from walking the log from its beginning until the time fits.
BEFORE = text("""
    SELECT coalesce(min(event_id) - 1, :otherwise)
    FROM (SELECT event_id FROM order_events WHERE at >= :since OFFSET 0) AS later
""")


@dataclass(frozen=True, slots=True)
class Entry:
    """A fact of the log with the public fields of its order."""

    event_id: int
    order_id: str
    at: datetime
    type: str
    data: dict[str, Any]
    channel: str
    channel_order_id: str
    currency: str
    total_minor: int
    receiver: dict[str, Any]


def entries(session: Session, after: int, up_to: int, limit: int) -> list[Entry]:
    """Return the next public facts after number `after` and up to `up_to`, oldest first."""
    wanted = {"after": after, "up_to": up_to, "types": list(PUBLIC), "limit": limit}
    return [Entry(**row._mapping) for row in session.execute(PAGE, wanted)]


def entries_of(session: Session, event_ids: Sequence[int]) -> dict[int, Entry]:
    """Return these facts by number."""
    rows = session.execute(THESE, {"event_ids": list(event_ids)})
    return {row.event_id: Entry(**row._mapping) for row in rows}


def position_before(session: Session, since: datetime, otherwise: int) -> int:
    """Return the number after which the log has everything since then; `otherwise` if there is nothing."""
    return int(session.scalar(BEFORE, {"since": since, "otherwise": otherwise}) or 0)
