"""Apply stored reports of warehouses and carriers: each once, in whatever order they come."""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from domain import milestones
from domain.people import redact
from domain.status import FulfillmentStatus, TrackingStatus
from domain.stock.movements import Movement
from domain.tracking import follows
from models.fulfillment import FulfillmentLineRow, FulfillmentOrderRow, ShipmentRow
from models.messaging import PartnerEventRow
from models.order import OrderRow
from record import journal
from record.order_mapping import known_location
from record.shipping.corrections import correct_carrier
from record.shipping.fulfillment_orders import end_fulfillment_order
from record.shipping.pickups import send_code
from record.shipping.road import announce_failed_attempt, withdraw_claim
from record.stock import ledger

Status = FulfillmentStatus
BEFORE_PACKED = (Status.OPEN, Status.RELEASED, Status.PICKING, Status.PICKED)
ENDED_HERE = (Status.REJECTED, Status.CANCELED)
CODE = re.compile(r"[A-Za-z0-9_.:/-]{1,40}")


def _append_fact(session: Session, row: FulfillmentOrderRow, event: PartnerEventRow, name: str, **data: Any) -> None:
    fields = {"fulfillment_order_id": row.fulfillment_order_id, **data}
    journal.append_fact(session, row.order_id, name, f"{event.partner}:{event.event_id}", fields, event.partner)


def _accepted(session: Session, row: FulfillmentOrderRow, event: PartnerEventRow) -> None:
    if row.accepted_at is None:
        row.accepted_at = event.received_at
        _append_fact(session, row, event, "fulfillment_order.accepted")


def _picking(session: Session, row: FulfillmentOrderRow, event: PartnerEventRow) -> None:
    if row.status in (Status.OPEN, Status.RELEASED):
        row.status = Status.PICKING


def _picked(session: Session, row: FulfillmentOrderRow, event: PartnerEventRow) -> None:
    """Store the picked units. Missing units are deallocated and written off."""
    where = FulfillmentLineRow.fulfillment_order_id == row.fulfillment_order_id
    unknown = session.scalars(select(FulfillmentLineRow).where(where, FulfillmentLineRow.picked.is_(None))).all()
    if row.status in ENDED_HERE or not unknown:
        return
    found: Counter[str] = Counter()
    for line in event.data["lines"]:
        found[line["sku"]] += line["quantity"]
    # If the parcel left first, all that was allocated was booked as shipped.
    gone = row.status in (Status.SHIPPED, Status.DELIVERED)
    movements, short = [], {}
    for line in unknown:
        line.picked = min(line.quantity, found[line.sku])
        missing = line.quantity - line.picked
        if missing:
            short[line.sku] = missing
        if missing and not gone:
            movements.append(Movement("deallocated", line.sku, row.location_id, missing))
            movements.append(Movement("adjusted", line.sku, row.location_id, -missing))
        line.allocated = 0 if gone else line.picked
    session.flush()
    ledger.post(session, movements, row.order_id, f"{row.fulfillment_order_id} short pick")
    if not any(found.values()) and not gone:
        end_fulfillment_order(session, row, Status.CANCELED, "nothing was found", actor=event.partner)
    elif row.status in BEFORE_PACKED:
        row.status = Status.PICKED
    name = "fulfillment_order.short_picked" if short else "fulfillment_order.picked"
    _append_fact(session, row, event, name, short=short)


def _packed(session: Session, row: FulfillmentOrderRow, event: PartnerEventRow) -> None:
    """Store the parcels. Until they leave, a later report replaces an earlier one."""
    has_left = row.packed_at is not None and row.status != Status.PACKED
    if row.status in ENDED_HERE or has_left:
        return
    row.packed_at = row.packed_at or func.now()
    row.parcels = event.data["parcels"]
    if row.status in BEFORE_PACKED:
        row.status = Status.PACKED
    _append_fact(session, row, event, "fulfillment_order.packed", parcels=len(row.parcels))


def _rejected(session: Session, row: FulfillmentOrderRow, event: PartnerEventRow) -> None:
    if row.status in BEFORE_PACKED:
        end_fulfillment_order(session, row, Status.REJECTED, _reason(session, row, event), actor=event.partner)


def _exception(session: Session, row: FulfillmentOrderRow, event: PartnerEventRow) -> None:
    _append_fact(session, row, event, "fulfillment_order.exception", reason=_reason(session, row, event))


def _reason(session: Session, row: FulfillmentOrderRow, event: PartnerEventRow) -> str:
    """Return the warehouse's text without the receiver's data: a log cannot be edited."""
    receiver = session.scalar(select(OrderRow.receiver).where(OrderRow.order_id == row.order_id))
    return redact(event.data["reason"], receiver or {})


def _came_back(session: Session, row: FulfillmentOrderRow, event: PartnerEventRow) -> None:
    """Book a parcel that never reached its receiver as stock where it came back to."""
    # What came back had left, whether or not the carrier has reported it.
    _mark_shipped(session, row, event, event.received_at)
    # Also one that was given up as lost and turned up.
    if row.status != Status.SHIPPED and not (
        row.status == Status.CANCELED and withdraw_claim(session, row, event, "back")
    ):
        return
    where = FulfillmentLineRow.fulfillment_order_id == row.fulfillment_order_id
    location = known_location(session, event.data["location_id"], row.location_id)
    sent = {
        line.sku: line.quantity if line.picked is None else line.picked
        for line in session.scalars(select(FulfillmentLineRow).where(where))
    }
    back = [Movement("returned", sku, location, units) for sku, units in sent.items() if units]
    row.status = Status.CANCELED
    ledger.post(session, back, row.order_id, f"{row.fulfillment_order_id} came back")
    _append_fact(session, row, event, "fulfillment_order.canceled", came_back_to=location)


def _tracked(session: Session, row: FulfillmentOrderRow, event: PartnerEventRow) -> None:
    """Carriers repeat, skip and come late: an older report never takes a newer one's place."""
    status, at = TrackingStatus(event.data["status"]), datetime.fromisoformat(event.data["occurred_at"])
    shipment = session.get(ShipmentRow, event.data.get("shipment_id") or row.shipment_id or "")
    if shipment and follows(status, at, shipment.tracking_status, shipment.tracked_at):
        shipment.tracking_status, shipment.tracked_at = status, at
    if shipment and "formerly" in event.data:
        correct_carrier(session, row, shipment, event)
    extra = {name: event.data[name] for name in ("code", "signed") if event.data.get(name) not in (None, "")}
    # Some carriers write a sentence here, which stays in the event only.
    if not CODE.fullmatch(str(extra.get("code", "0"))):
        del extra["code"]
    _append_fact(
        session,
        row,
        event,
        "shipment.tracking_updated",
        status=status,
        occurred_at=event.data["occurred_at"],
        **extra,
    )
    if status not in (TrackingStatus.PRE_TRANSIT, TrackingStatus.EXCEPTION):
        _mark_shipped(session, row, event, at)
    if status == TrackingStatus.FAILED_ATTEMPT and row.status == Status.SHIPPED:
        announce_failed_attempt(session, row, event)
    if status == TrackingStatus.DELIVERED:
        withdraw_claim(session, row, event, "delivered")
    if status == TrackingStatus.DELIVERED and row.status == Status.SHIPPED:
        row.status, row.delivered_at = Status.DELIVERED, at
        data = {"fulfillment_order_id": row.fulfillment_order_id, "shipment_id": row.shipment_id}
        key = f"{row.fulfillment_order_id}:delivered"
        journal.append_fact(session, row.order_id, "fulfillment_order.delivered", key, data, event.partner)


def _mark_shipped(session: Session, row: FulfillmentOrderRow, event: PartnerEventRow, at: datetime) -> None:
    # Only what has a waybill can leave; if it left, it was packed.
    if row.shipment_id is None or row.status not in (*BEFORE_PACKED, Status.PACKED):
        return
    row.status, row.shipped_at = Status.SHIPPED, at
    _post_shipped(session, row, "shipped")
    data = {"fulfillment_order_id": row.fulfillment_order_id, "shipment_id": row.shipment_id}
    key = f"{row.fulfillment_order_id}:shipped"
    journal.append_fact(session, row.order_id, "fulfillment_order.shipped", key, data, event.partner)
    journal.announce(session, row.order_id, milestones.SHIPPED, data, subject=str(row.number))


def _post_shipped(session: Session, row: FulfillmentOrderRow, how: str) -> None:
    where = FulfillmentLineRow.fulfillment_order_id == row.fulfillment_order_id
    lines = session.scalars(select(FulfillmentLineRow).where(where)).all()
    gone = [Movement("shipped", line.sku, row.location_id, line.allocated) for line in lines if line.allocated]
    session.execute(update(FulfillmentLineRow).where(where).values(allocated=0))
    ledger.post(session, gone, row.order_id, f"{row.fulfillment_order_id} {how}")


def _interception(session: Session, row: FulfillmentOrderRow, event: PartnerEventRow) -> None:
    accepted = bool(event.data["accepted"])
    _append_fact(session, row, event, "shipment.interception_answered", accepted=accepted)


def _fetched(session: Session, row: FulfillmentOrderRow, event: PartnerEventRow) -> None:
    """Mark goods that the customer fetched as delivered."""
    if row.status != Status.PACKED:
        return
    row.status, row.shipped_at, row.delivered_at = Status.DELIVERED, event.received_at, event.received_at
    _post_shipped(session, row, "fetched")
    data = {"fulfillment_order_id": row.fulfillment_order_id, "location_id": row.location_id}
    key = f"{row.fulfillment_order_id}:delivered"
    journal.append_fact(session, row.order_id, "fulfillment_order.delivered", key, data, event.data["actor"])


def _code_asked(session: Session, row: FulfillmentOrderRow, event: PartnerEventRow) -> None:
    if row.status == Status.PACKED:
        send_code(session, row, f"{row.number}-{event.sequence}")
        _append_fact(session, row, event, "fulfillment_order.pickup_code_renewed", by=event.data["actor"])


APPLY: Mapping[str, Callable[[Session, FulfillmentOrderRow, PartnerEventRow], None]] = {
    "fulfillment_order.accepted": _accepted,
    "fulfillment_order.picking": _picking,
    "fulfillment_order.picked": _picked,
    "fulfillment_order.packed": _packed,
    "fulfillment_order.rejected": _rejected,
    "fulfillment_order.exception": _exception,
    "fulfillment_order.returned": _came_back,
    "fulfillment_order.fetched": _fetched,
    "fulfillment_order.pickup_code_asked": _code_asked,
    "shipment.tracking_updated": _tracked,
    "shipment.interception_answered": _interception,
    "waybill.tracked": _tracked,
}
