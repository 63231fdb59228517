"""Fulfillment orders that a warehouse accepted and has not reported on."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from domain.errors import PickRefused
from domain.statement_books import WAREHOUSE_WORDS
from domain.statements import Entry
from domain.status import FulfillmentStatus
from integrations.wms import Warehouse
from models.database import Sessions
from models.fulfillment import AT_WAREHOUSE, SILENT_SINCE
from record import journal
from record.comparing.asking import asked, told_again_key
from record.messages.partner_events import NewEvent
from record.shipping.fulfillment_orders import lock_fulfillment_order
from record.shipping.releases import pick_request, read_work

Status = FulfillmentStatus
IN_HAND = (Status.RELEASED, Status.PICKING, Status.PICKED)
FROM_THE_LIST = "rejected by the warehouse, from its list"

FIND = text(f"""
    SELECT fulfillment_order_id, fulfillment_order_id AS subject, order_id, location_id, status FROM fulfillment_orders
    WHERE {AT_WAREHOUSE} AND {SILENT_SINCE} <= :before ORDER BY {SILENT_SINCE} LIMIT :at_once
""")


class SilentWork:
    """Locations in `elsewhere` belong to a WMS without statements: requests to it are only repeated."""

    def __init__(self, sessions: Sessions, wms: Warehouse, elsewhere: Collection[str] = ()) -> None:
        self.sessions = sessions
        self.wms = wms
        self.elsewhere = frozenset(elsewhere)

    def find(self, session: Session, before: datetime, limit: int) -> Sequence[Row[Any]]:
        return session.execute(FIND, {"before": before, "at_once": limit}).all()

    def listed_elsewhere(self, row: Row[Any]) -> bool:
        return row.location_id in self.elsewhere

    def news(self, session: Session, row: Row[Any], entry: Entry, before: datetime) -> list[NewEvent]:
        """Return an event for a status that needs no further data; others must be reported by the warehouse itself."""
        agrees = entry.status in WAREHOUSE_WORDS[Status(row.status)]
        behind = entry.status == "accepted" and row.status != Status.RELEASED
        if agrees or behind or entry.at > before:
            return []
        match entry.status:
            case "picking":
                return [asked("wms", row.subject, "fulfillment_order.picking", {})]
            case "rejected":
                return [asked("wms", row.subject, "fulfillment_order.rejected", {"reason": FROM_THE_LIST})]
        return [asked("wms", row.subject, "fulfillment_order.unreported", {})]

    def tell_again(self, row: Row[Any]) -> list[NewEvent]:
        with self.sessions.begin() as session:
            work = lock_fulfillment_order(session, row.subject)
            if work is None or work.status not in IN_HAND:
                return []
            request = pick_request(read_work(session, row.subject))
        try:
            self.wms.pick(request, key=f"{row.subject}:pick")
        except PickRefused as refused:
            return [asked("wms", row.subject, "fulfillment_order.rejected", {"reason": refused.code})]
        with self.sessions.begin() as session:
            work = lock_fulfillment_order(session, row.subject)
            wanted = work is not None and work.status != Status.CANCELED
            data = {"fulfillment_order_id": row.subject, "location_id": row.location_id}
            key = told_again_key(row.subject)
            journal.append_fact(session, row.order_id, "fulfillment_order.told_again", key, data)
        if not wanted:
            # It was recalled while the request was repeated, and the recall may have arrived first.
            key = f"{row.subject}:recall:again"
            self.wms.recall(row.subject, "it was called back before", key, row.location_id)
        return []
