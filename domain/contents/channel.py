"""Messages to a channel in Baton's own format: shipped parcels with their waybills, and returned or refunded lines."""

from typing import Any

from domain import milestones
from domain.contents.snapshot import Line, Snapshot, Units

Content = dict[str, Any]


def content(snapshot: Snapshot, milestone: str, data: Content) -> Content:
    if milestone == milestones.SHIPPED:
        return _parcel(snapshot, data)
    if milestone == milestones.DELIVERED:
        return {
            "delivered_at": max((at.isoformat() for one in snapshot.shipped if (at := one.delivered_at)), default="")
        }
    if milestone in milestones.CASE_MILESTONES and (case := snapshot.case(data)):
        units = (case.units if milestone in milestones.MONEY_BACK else case.asked) or {}
        return {"return_id": case.return_id, "reason_code": case.reason_code, "lines": _lines(snapshot, units)}
    return {}


def _parcel(snapshot: Snapshot, data: Content) -> Content:
    parcel = snapshot.parcel(data)
    if parcel is None:
        return {}
    sent = sum(sum((one.lines or {}).values()) for one in snapshot.shipped)
    return {
        "carrier": parcel.carrier,
        "waybill": parcel.waybill,
        "shipped_at": parcel.shipped_at.isoformat() if parcel.shipped_at else "",
        "lines": _lines(snapshot, parcel.lines or {}),
        # True if no other parcel follows.
        "whole": sent >= sum(line.wanted for line in snapshot.lines),
    }


def _lines(snapshot: Snapshot, units: Units) -> list[Content]:
    return [_line(line, units[line.line_no]) for line in snapshot.lines if units.get(line.line_no)]


def _line(line: Line, units: int) -> Content:
    return {"line_no": line.line_no, "channel_line_id": line.channel_line_id, "sku": line.sku, "quantity": units}
