"""Apply stored reports of warehouses and carriers: each once, in whatever order they come."""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime

from domain import milestones
from domain.payment_terms import TermsKind
from domain.people import redact
from domain.status import FulfillmentStatus, TrackingStatus
from domain.stock.movements import Movement
from domain.tracking import follows
from models.fulfillment import ShipmentRow
from models.messaging import PartnerEventRow
from record.order_mapping import known_location
from record.orders import invoices
from record.shipping import cash
from record.shipping.corrections import correct_carrier
from record.shipping.fulfillment_orders import end_fulfillment_order
from record.shipping.pickups import send_code
from record.shipping.road import announce_failed_attempt, withdraw_claim
from record.shipping.work import Work

Status = FulfillmentStatus
BEFORE_PACKED = (Status.OPEN, Status.RELEASED, Status.PICKING, Status.PICKED)
ENDED_HERE = (Status.REJECTED, Status.CANCELED)
CODE = re.compile(r"[A-Za-z0-9_.:/-]{1,40}")


def _accepted(work: Work, event: PartnerEventRow) -> None:
    if work.row.accepted_at is None:
        work.row.accepted_at = event.received_at
        work.append_fact(event, "fulfillment_order.accepted")


def _picking(work: Work, event: PartnerEventRow) -> None:
    if work.row.status in (Status.OPEN, Status.RELEASED):
        work.row.status = Status.PICKING


def _picked(work: Work, event: PartnerEventRow) -> None:
    """Store the picked units. Missing units are deallocated and written off."""
    row, unknown = work.row, [line for line in work.lines if line.picked is None]
    if row.status in ENDED_HERE or not unknown:
        return
    found = units_of(event)
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
    work.post(movements, "short pick")
    if not any(found.values()) and not gone:
        work.effects.write()
        end_fulfillment_order(work.session, row, Status.CANCELED, "nothing was found", actor=event.partner)
    elif row.status in BEFORE_PACKED:
        row.status = Status.PICKED
    name = "fulfillment_order.short_picked" if short else "fulfillment_order.picked"
    work.append_fact(event, name, short=short)


def units_of(event: PartnerEventRow) -> Counter[str]:
    """Return the units by SKU that the report names."""
    units: Counter[str] = Counter()
    for line in event.data["lines"]:
        units[line["sku"]] += line["quantity"]
    return units


def _packed(work: Work, event: PartnerEventRow) -> None:
    """Store the parcels. Until they leave, a later report replaces an earlier one."""
    row = work.row
    has_left = row.packed_at is not None and row.status != Status.PACKED
    if row.status in ENDED_HERE or has_left:
        return
    row.packed_at = row.packed_at or work.now
    row.parcels = event.data["parcels"]
    if row.status in BEFORE_PACKED:
        row.status = Status.PACKED
    work.append_fact(event, "fulfillment_order.packed", parcels=len(row.parcels))


def _rejected(work: Work, event: PartnerEventRow) -> None:
    if work.row.status in BEFORE_PACKED:
        work.effects.write()
        end_fulfillment_order(work.session, work.row, Status.REJECTED, _reason(work, event), actor=event.partner)


def _exception(work: Work, event: PartnerEventRow) -> None:
    work.append_fact(event, "fulfillment_order.exception", reason=_reason(work, event))


def _reason(work: Work, event: PartnerEventRow) -> str:
    """Return the warehouse's text without the receiver's data: a log cannot be edited."""
    return redact(event.data["reason"], work.order.receiver or {})


def _came_back(work: Work, event: PartnerEventRow) -> None:
    """Book a parcel that never reached its receiver as stock where it came back to."""
    row = work.row
    # What came back had left, whether or not the carrier has reported it.
    _mark_shipped(work, event, event.received_at)
    # Also one that was given up as lost and turned up.
    if row.status != Status.SHIPPED and not (row.status == Status.CANCELED and _withdraw_claim(work, event, "back")):
        return
    work.effects.write()
    if _is_collected(work):
        cash.give_up(work.session, row.shipment_id or "")
    if work.order.payment_terms == TermsKind.ON_CREDIT:
        invoices.take_back(work.session, row.fulfillment_order_id)
    location = known_location(work.session, event.data["location_id"], row.location_id)
    sent = {line.sku: line.quantity if line.picked is None else line.picked for line in work.lines}
    row.status = Status.CANCELED
    work.post([Movement("returned", sku, location, units) for sku, units in sent.items() if units], "came back")
    work.append_fact(event, "fulfillment_order.canceled", came_back_to=location)


def _tracked(work: Work, event: PartnerEventRow) -> None:
    """Carriers repeat, skip and come late: an older report never takes a newer one's place."""
    row, status, at = work.row, TrackingStatus(event.data["status"]), datetime.fromisoformat(event.data["occurred_at"])
    shipment = _shipment(work, event)
    if shipment and follows(status, at, shipment.tracking_status, shipment.tracked_at):
        shipment.tracking_status, shipment.tracked_at = status, at
    if shipment and "formerly" in event.data:
        work.effects.write()
        correct_carrier(work.session, row, shipment, event)
    extra = {name: event.data[name] for name in ("code", "signed") if event.data.get(name) not in (None, "")}
    # Some carriers write a sentence here, which stays in the event only.
    if not CODE.fullmatch(str(extra.get("code", "0"))):
        del extra["code"]
    occurred_at = event.data["occurred_at"]
    work.append_fact(event, "shipment.tracking_updated", status=status, occurred_at=occurred_at, **extra)
    if status not in (TrackingStatus.PRE_TRANSIT, TrackingStatus.EXCEPTION):
        _mark_shipped(work, event, at)
    if status == TrackingStatus.FAILED_ATTEMPT and row.status == Status.SHIPPED:
        work.effects.write()
        announce_failed_attempt(work.session, row, event)
    found = status == TrackingStatus.DELIVERED and work.claimed and _withdraw_claim(work, event, "delivered")
    if found and row.status == Status.CANCELED and _is_collected(work):
        cash.collect(work.session, row.shipment_id or "", at, turned_up=True)
    if status == TrackingStatus.DELIVERED and row.status == Status.SHIPPED:
        row.status, row.delivered_at = Status.DELIVERED, at
        if _is_collected(work):
            work.effects.write()
            cash.collect(work.session, row.shipment_id or "", at)
        data = {"fulfillment_order_id": row.fulfillment_order_id, "shipment_id": row.shipment_id}
        work.append_milestone(event, "fulfillment_order.delivered", f"{row.fulfillment_order_id}:delivered", data)


def _is_collected(work: Work) -> bool:
    """True if the carrier collects the customer's money."""
    return work.order.payment_terms == TermsKind.ON_DELIVERY


def _shipment(work: Work, event: PartnerEventRow) -> ShipmentRow | None:
    """Return the shipment that the event names, or else that of the fulfillment order."""
    named = event.data.get("shipment_id") or work.row.shipment_id or ""
    return work.shipment if named == work.row.shipment_id else work.session.get(ShipmentRow, named)


def _withdraw_claim(work: Work, event: PartnerEventRow, where: str) -> bool:
    work.effects.write()
    return withdraw_claim(work.session, work.row, event, where)


def _mark_shipped(work: Work, event: PartnerEventRow, at: datetime) -> None:
    row = work.row
    # Only what has a waybill can leave; if it left, it was packed.
    if row.shipment_id is None or row.status not in (*BEFORE_PACKED, Status.PACKED):
        return
    row.status, row.shipped_at = Status.SHIPPED, at
    _post_shipped(work, "shipped")
    data = {"fulfillment_order_id": row.fulfillment_order_id, "shipment_id": row.shipment_id}
    work.append_milestone(event, "fulfillment_order.shipped", f"{row.fulfillment_order_id}:shipped", data)
    work.effects.announce(row.order_id, milestones.SHIPPED, data, subject=str(row.number))


def _post_shipped(work: Work, how: str) -> None:
    location = work.row.location_id
    gone = [Movement("shipped", line.sku, location, line.allocated) for line in work.lines if line.allocated]
    for line in work.lines:
        line.allocated = 0
    work.post(gone, how)


def _interception(work: Work, event: PartnerEventRow) -> None:
    work.append_fact(event, "shipment.interception_answered", accepted=bool(event.data["accepted"]))


def _fetched(work: Work, event: PartnerEventRow) -> None:
    """Mark goods that the customer fetched as delivered."""
    row = work.row
    if row.status != Status.PACKED:
        return
    row.status, row.shipped_at, row.delivered_at = Status.DELIVERED, event.received_at, event.received_at
    _post_shipped(work, "fetched")
    data = {"fulfillment_order_id": row.fulfillment_order_id, "location_id": row.location_id}
    key = f"{row.fulfillment_order_id}:delivered"
    work.append_milestone(event, "fulfillment_order.delivered", key, data, event.data["actor"])


def _code_asked(work: Work, event: PartnerEventRow) -> None:
    if work.row.status == Status.PACKED:
        work.effects.write()
        send_code(work.session, work.row, f"{work.row.number}-{event.sequence}")
        work.append_fact(event, "fulfillment_order.pickup_code_renewed", by=event.data["actor"])


APPLY: Mapping[str, Callable[[Work, PartnerEventRow], None]] = {
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
# Reports that only change their own fulfillment order, so that those of many may be applied in one transaction.
_PLAIN = {"fulfillment_order.accepted", "fulfillment_order.picking", "fulfillment_order.packed"}
_ON_THE_ROAD = (TrackingStatus.PRE_TRANSIT, TrackingStatus.IN_TRANSIT, TrackingStatus.OUT_FOR_DELIVERY)


def is_plain(work: Work, event: PartnerEventRow) -> bool:
    """True if the report may be applied together with those of other orders: it takes no lock in mid-work."""
    if event.type == "fulfillment_order.picked":
        found = units_of(event)
        return all(found[line.sku] >= line.quantity for line in work.lines)
    if event.type in ("shipment.tracking_updated", "waybill.tracked"):
        usual = event.data["status"] in (*_ON_THE_ROAD, TrackingStatus.DELIVERED)
        return usual and not work.claimed and not _is_collected(work) and "formerly" not in event.data
    return event.type in _PLAIN


def is_loud(work: Work, event: PartnerEventRow) -> bool:
    """True if the order acts on the report itself, whether or not the status of its work changes."""
    if event.type in ("shipment.tracking_updated", "waybill.tracked"):
        before = work.shipment.tracking_status if work.shipment else ""
        usual = event.data["status"] in _ON_THE_ROAD and before in ("", *_ON_THE_ROAD)
        return not usual or work.claimed or "formerly" in event.data
    if event.type == "fulfillment_order.picked":
        return not is_plain(work, event) or work.row.status not in BEFORE_PACKED
    return event.type not in ("fulfillment_order.accepted", "fulfillment_order.picking")
