"""Uploading shipments to the platform of a channel: the rules that all platforms share.

Upload only after the payment. Each event is later than the one before, and none is in the future. Upload in the
smallest parts that the platform accepts: units, whole lines, or the order at once.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.contents.snapshot import Parcel, Snapshot, Units
from domain.status import OrderStatus

A_SECOND = timedelta(seconds=1)
"""Platforms compare whole seconds."""


class Parts(StrEnum):
    """The smallest part of an order that a platform accepts on its own."""

    UNITS = "units"
    LINES = "lines"
    ORDER = "order"


class NotYet(Exception):
    """Upload later; the text says what is missing."""


@dataclass(frozen=True, slots=True)
class Upload:
    """One parcel as it is uploaded. `whole`: it is the whole order at once, and its lines need not be listed."""

    parcel: int
    carrier: str
    waybill: str
    happened_at: datetime
    lines: Units
    whole: bool


def next_upload(
    snapshot: Snapshot, uploaded: Sequence[Upload], parts: Parts, paid_at: datetime | None, now: datetime
) -> Upload | None:
    """The next parcel to upload after those `uploaded`; None when all are. Raises NotYet.

    A parcel that completes no part which the platform accepts is uploaded with the parcel that does.
    """
    for parcel in snapshot.shipped:
        if lines := _lines(snapshot, parcel, uploaded, parts):
            at = _event_time(snapshot, parcel, uploaded, paid_at, now)
            whole = not uploaded and _is_whole(snapshot, lines)
            return Upload(parcel.number, parcel.carrier, parcel.waybill, at, lines, whole)
    return None


def _lines(snapshot: Snapshot, parcel: Parcel, uploaded: Sequence[Upload], parts: Parts) -> Units:
    """Units by line that are still to be uploaded with this parcel."""
    shipped = _units_shipped(snapshot)
    wanted = {line.line_no: line.wanted - line.elsewhere for line in snapshot.lines if not line.ours}
    ended = snapshot.status == OrderStatus.COMPLETED
    complete = {number for number, units in wanted.items() if ended or shipped[number] >= units}
    if parts == Parts.UNITS:
        due = Counter({number: units for number, units in (parcel.lines or {}).items() if number in wanted})
        return due - _units_in(one for one in uploaded if one.parcel == parcel.number)
    # A line that the platform does not split is uploaded with the parcel that shipped its last unit.
    last = {number: _last_parcel_with(snapshot, number) for number in wanted if shipped[number]}
    if parts == Parts.LINES:
        due = Counter({number: shipped[number] for number in complete if last.get(number) == parcel.number})
    elif complete == set(wanted) and snapshot.shipped[-1] == parcel:
        due = Counter({number: shipped[number] for number in wanted})
    else:
        return {}
    return {number: units for number, units in due.items() if units and not _units_in(uploaded)[number]}


def _units_shipped(snapshot: Snapshot) -> Counter[int]:
    units = Counter[int]()
    for parcel in snapshot.shipped:
        units.update(dict(parcel.lines or {}))
    return units


def _units_in(uploads: Iterable[Upload]) -> Counter[int]:
    units = Counter[int]()
    for one in uploads:
        units.update(dict(one.lines))
    return units


def _last_parcel_with(snapshot: Snapshot, line_no: int) -> int:
    return [parcel.number for parcel in snapshot.shipped if (parcel.lines or {}).get(line_no)][-1]


def _event_time(
    snapshot: Snapshot, parcel: Parcel, uploaded: Sequence[Upload], paid_at: datetime | None, now: datetime
) -> datetime:
    """When the parcel left, moved after the order, its payment and all earlier uploads, since carriers' clocks
    differ."""
    if paid_at is None:
        raise NotYet("the order is not paid")
    before = [snapshot.order.placed_at, paid_at, *(one.happened_at for one in uploaded)]
    earliest = max(before).replace(microsecond=0) + A_SECOND
    at = max(parcel.shipped_at or earliest, earliest).replace(microsecond=0)
    if at > now:
        raise NotYet("the parcel has not left yet by the clock")
    return at


def _is_whole(snapshot: Snapshot, lines: Units) -> bool:
    return all(lines.get(line.line_no, 0) >= line.quantity for line in snapshot.lines if not line.ours)
