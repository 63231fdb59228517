"""Write changed fulfillment orders, lines and shipments with their facts and messages, in one statement."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from models.base import Base
from models.fulfillment import FulfillmentLineRow, FulfillmentOrderRow, ShipmentRow
from models.prepared import prepared
from record import journal
from record.recordset import at_once
from record.stock import ledger

_TYPES = {"reports": "integer", "allocated": "integer", "picked": "integer", "parcels": "jsonb"}
_KEYS: Mapping[type[Base], tuple[str, ...]] = {
    FulfillmentOrderRow: ("fulfillment_order_id",),
    FulfillmentLineRow: ("fulfillment_order_id", "sku"),
    ShipmentRow: ("shipment_id",),
}
_CHANGED: Mapping[type[Base], tuple[str, ...]] = {
    FulfillmentOrderRow: (
        *("status", "parcels", "reports"),
        *("accepted_at", "packed_at", "shipped_at", "delivered_at"),
    ),
    FulfillmentLineRow: ("allocated", "picked"),
    ShipmentRow: ("tracking_status", "tracked_at"),
}
"""The columns that reports of partners change."""


def _update(row: type[Base]) -> TextClause:
    """An UPDATE of the JSON array `:rows`."""

    def type_of(name: str) -> str:
        return "timestamptz" if name.endswith("_at") else _TYPES.get(name, "text")

    columns = ", ".join(f"{name} {type_of(name)}" for name in (*_KEYS[row], *_CHANGED[row]))
    values = ", ".join(f"{name} = new.{name}" for name in _CHANGED[row])
    same = " AND ".join(f"old.{name} = new.{name}" for name in _KEYS[row])
    return text(
        f"UPDATE {row.__tablename__} AS old SET {values} FROM json_to_recordset(:rows) AS new({columns}) WHERE {same}"
    )


# Each is applied, and carried by the relay if it is `relayed`.
_MARK_EVENTS = prepared("""
    UPDATE partner_events AS old SET applied_at = coalesce(applied_at, now()),
        relayed_at = CASE WHEN new.relayed THEN now() ELSE relayed_at END
    FROM json_to_recordset(:rows) AS new(partner text, event_id text, relayed boolean)
    WHERE old.partner = new.partner AND old.event_id = new.event_id AND (old.applied_at IS NULL OR new.relayed)
""")
_PARTS = {
    "works": _update(FulfillmentOrderRow),
    "lines": _update(FulfillmentLineRow),
    "shipments": _update(ShipmentRow),
    "facts": journal.INSERT_FACTS,
    "messages": journal.INSERT_MESSAGES,
    "events": _MARK_EVENTS,
}
_WRITE, _WRITE_AND_POST = at_once(**_PARTS), ledger.posting(**_PARTS)


def write_together(
    session: Session,
    facts: Sequence[Mapping[str, Any]],
    messages: Sequence[Mapping[str, Any]],
    events: Sequence[Mapping[str, Any]],
    postings: Sequence[ledger.Posting],
) -> None:
    """Write these facts and messages, post these movements, mark these events as applied, and write what has changed in
    the session's fulfillment orders, lines and shipments, which the caller has locked."""
    written = {
        "works": _changed(session, FulfillmentOrderRow),
        "lines": _changed(session, FulfillmentLineRow),
        "shipments": _changed(session, ShipmentRow),
        "facts": facts,
        "messages": messages,
        "events": events,
    }
    rows = {name: json.dumps(rows, default=datetime.isoformat) for name, rows in written.items()}
    if postings:
        ledger.post_with(session, _WRITE_AND_POST, postings, rows, locked=False)
    elif any(written.values()):
        session.execute(_WRITE, rows)


def _changed(session: Session, kind: type[Base]) -> list[dict[str, Any]]:
    """Return the changed rows of this kind, and count their changes as written: no flush writes them again."""
    rows = []
    for row in session.dirty:
        if isinstance(row, kind):
            rows.append({name: getattr(row, name) for name in (*_KEYS[kind], *_CHANGED[kind])})
            for name in _CHANGED[kind]:
                set_committed_value(row, name, getattr(row, name))
    return rows
