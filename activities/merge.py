"""Merge: orders of one receiver wait for each other and share a shipment; any may leave again."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func
from sqlalchemy.orm import Session
from temporalio import activity

from domain.merging import merge_key, why_alone
from domain.status import FulfillmentStatus
from domain.undo import UndoRequest
from models.database import Sessions
from models.fulfillment import FulfillmentOrderRow, MergeRow, ShipmentRow
from record import journal
from record.shipping import merges
from record.shipping.fulfillment_orders import lock_fulfillment_order
from record.shipping.merges import lock_merge, members, others

ALONE, GATHERING, PACKING, BOOK, BOOKED = "alone", "gathering", "packing", "book", "booked"


@dataclass(frozen=True)
class MergeRequest:
    """`window` is how many seconds to wait for others, counted from the first fulfillment order that waits."""

    order_id: str
    fulfillment_order_id: str
    window: float = 0.0
    time_is_up: bool = False


@dataclass(frozen=True)
class MergeStanding:
    """How a fulfillment order stands in its merge.

    `alone`: it travels by itself. `gathering`: others may join until `until`. `packing`: the parcel is not complete, or
    another order books it. `book`: it is complete, and this order books for all. `booked`: it has a waybill. `others`
    are the workflow ids of the orders that share the parcel.
    """

    state: str
    merge_id: str = ""
    until: datetime | None = None
    others: list[str] = field(default_factory=list)
    round: int = 0
    shipment_id: str = ""
    waybill: str = ""


class Merge:
    def __init__(self, sessions: Sessions) -> None:
        self.sessions = sessions

    @activity.defn
    def join_merge(self, request: MergeRequest) -> MergeStanding:
        """Join others from the same location to the same receiver. One that may not be merged goes alone."""
        with self.sessions.begin() as session:
            row = lock_fulfillment_order(session, request.fulfillment_order_id)
            if row is None or row.status != FulfillmentStatus.OPEN:
                return MergeStanding(ALONE)
            if row.merge_id is None:
                _join(session, row, request.window)
            return _standing(session, row)

    @activity.defn
    def look_at_merge(self, request: MergeRequest) -> MergeStanding:
        """Return its standing. When the time is up the merge closes, and one without others goes alone."""
        with self.sessions.begin() as session:
            row = lock_fulfillment_order(session, request.fulfillment_order_id)
            if row is None or row.merge_id is None:
                return MergeStanding(ALONE)
            merge = lock_merge(session, row.merge_id)
            together = members(session, merge.merge_id)
            if merge.closed_at is None and request.time_is_up:
                merge.closed_at = func.now()
                session.flush()
                merges.wake_members(session, merge, [one for one in together if one is not row], ":closed")
            if merge.closed_at is not None and len(together) == 1:
                row.merge_id = None
            return _standing(session, row)

    @activity.defn
    def leave_merge(self, undo: UndoRequest) -> MergeStanding:
        """Leave the merge. If a carrier is booked already, the answer names the shipment that must be voided first."""
        with self.sessions.begin() as session:
            row = lock_fulfillment_order(session, undo.subject)
            if row is None or row.merge_id is None:
                return MergeStanding(ALONE)
            if lock_merge(session, row.merge_id).shipment_id is None:
                merges.leave(session, row, undo.reason, undo.actor)
            return _standing(session, row)


def _join(session: Session, row: FulfillmentOrderRow, window: float) -> None:
    parcel = merges.parcel_of(session, row)
    key = f"{row.fulfillment_order_id}:merge"
    if reason := why_alone(parcel):
        data = {"fulfillment_order_id": row.fulfillment_order_id, "reason": reason}
        journal.append_fact(session, row.order_id, "fulfillment_order.not_merged", key, data)
        return
    merge = merges.join_open_merge(session, merge_key(parcel), row, window)
    before = members(session, merge.merge_id)
    row.merge_id = merge.merge_id
    session.flush()
    data = {"fulfillment_order_id": row.fulfillment_order_id, "merge_id": merge.merge_id}
    for one in (*before, row):
        met = data | {"with": others(session, one)}
        if met["with"]:
            name = f"{one.fulfillment_order_id}:merged:{row.fulfillment_order_id}"
            journal.append_fact(session, one.order_id, "fulfillment_order.merged", name, met)
    merges.wake_members(session, merge, before)


def _standing(session: Session, row: FulfillmentOrderRow) -> MergeStanding:
    if row.merge_id is None:
        return MergeStanding(ALONE)
    merge = session.get_one(MergeRow, row.merge_id)
    session.refresh(merge)
    state, shipment = _state(session, merge, row), None
    if merge.shipment_id:
        shipment = session.get_one(ShipmentRow, merge.shipment_id)
    return MergeStanding(
        state,
        merge.merge_id,
        merge.closes_at if state == GATHERING else None,
        others(session, row),
        merge.round,
        shipment.shipment_id if shipment else "",
        shipment.waybill if shipment else "",
    )


def _state(session: Session, merge: MergeRow, row: FulfillmentOrderRow) -> str:
    if merge.closed_at is None:
        return GATHERING
    if merge.shipment_id is not None:
        return BOOKED
    together = members(session, merge.merge_id)
    if any(one.status != FulfillmentStatus.PACKED for one in together) or merges.still_counting(session, merge):
        return PACKING
    if together[0] is row:
        return BOOK
    merges.wake_members(session, merge, together[:1], ":packed")
    return PACKING
