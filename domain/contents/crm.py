"""Messages to the CRM: the order, points, and behavior (returns with reasons, and delivery times).

The customer is named by the channel's id only; the CRM has names and addresses from elsewhere.
"""

from datetime import datetime
from typing import Any

from domain import milestones
from domain.contents.snapshot import Case, Parcel, Snapshot, Units

Content = dict[str, Any]
HOUR_SECONDS = 3600


def content(snapshot: Snapshot, milestone: str, data: Content) -> Content:
    fields: Content = {"customer_id": snapshot.order.customer_id, "points": data.get("points", 0)}
    if milestone == milestones.RECEIVED:
        return fields | _record(snapshot)
    if milestone in (milestones.SHIPPED, milestones.ATTEMPTED):
        parcel = snapshot.parcel(data)
        return fields | (_parcel(snapshot, parcel) if parcel else {})
    if milestone == milestones.DELIVERED:
        return fields | _times(snapshot)
    if milestone in milestones.CASE_MILESTONES and (case := snapshot.case(data)):
        return fields | _behavior(snapshot, case, milestone)
    return fields


def _record(snapshot: Snapshot) -> Content:
    order = snapshot.order
    totals = {name: getattr(order, name).text for name in ("discount", "shipping", "tax", "grand_total")}
    return {
        "placed_at": order.placed_at.isoformat(),
        "payment_method": order.payment_method,
        "pickup_location": order.pickup_location,
        "follow_up_of": snapshot.follow_up_of,
        "currency": order.currency,
        "totals": totals,
        "lines": [
            {"line_no": line.line_no, "sku": line.sku, "quantity": line.quantity, "total": line.total.text}
            for line in order.lines
        ],
    }


def _parcel(snapshot: Snapshot, parcel: Parcel) -> Content:
    return {
        "carrier": parcel.carrier,
        "waybill": parcel.waybill,
        "hours_to_ship": _hours(snapshot, parcel.shipped_at),
        "lines": _lines(snapshot, parcel.lines or {}),
    }


def _times(snapshot: Snapshot) -> Content:
    """Hours from the order to its first parcel shipped and to its last one delivered; None if not reported."""
    arrived = [parcel.delivered_at for parcel in snapshot.shipped if parcel.delivered_at]
    first = snapshot.shipped[0].shipped_at if snapshot.shipped else None
    return {
        "hours_to_ship": _hours(snapshot, first),
        "hours_to_deliver": _hours(snapshot, max(arrived, default=None)),
        "parcels": len(snapshot.shipped),
    }


def _behavior(snapshot: Snapshot, case: Case, milestone: str) -> Content:
    """Reasons are sent as codes, since free text may name people."""
    arrived = max((parcel.delivered_at for parcel in snapshot.shipped if parcel.delivered_at), default=None)
    asked = case.requested_at
    return {
        "return_id": case.return_id,
        "kind": case.kind,
        "reason_code": case.reason_code,
        "days_after_delivery": (asked - arrived).days if asked and arrived and asked > arrived else None,
        "lines": _lines(snapshot, (case.units if milestone in milestones.MONEY_BACK else case.asked) or {}),
    }


def _hours(snapshot: Snapshot, at: datetime | None) -> float | None:
    return round((at - snapshot.order.placed_at).total_seconds() / HOUR_SECONDS, 1) if at else None


def _lines(snapshot: Snapshot, units: Units) -> list[Content]:
    return [
        {"line_no": line.line_no, "sku": line.sku, "quantity": units[line.line_no]}
        for line in snapshot.lines
        if units.get(line.line_no)
    ]
