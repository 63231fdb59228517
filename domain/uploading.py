"""When and how a parcel is told to the platform of its channel: the rules that all platforms share.

Only after the payment; each event later than the one before and none in the future; in parts as small as the platform
can take: units, whole lines, or the order at once.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.contents.snapshot import Parcel, Snapshot, Units
from domain.status import OrderStatus

A_SECOND = timedelta(seconds=1)
"""Platforms count whole seconds."""


class Parts(StrEnum):
    """The smallest part of an order that a platform takes by itself."""

    UNITS = "units"
    LINES = "lines"
    ORDER = "order"


class NotYet(Exception):
    """It may be told later; the text says what is waited for."""


@dataclass(frozen=True, slots=True)
class Upload:
    """One parcel as the platform is told of it. `whole`: it is the whole order at once, and no line need be named."""

    parcel: int
    carrier: str
    waybill: str
    happened_at: datetime
    lines: Units
    whole: bool


def next_upload(
    snapshot: Snapshot, told: Sequence[Upload], parts: Parts, paid_at: datetime | None, now: datetime
) -> Upload | None:
    """What is to be told next, None when nothing is. Raises NotYet.

    A parcel that completes nothing which the platform takes by itself is told with the one that does.
    """
    for parcel in snapshot.shipped:
        if lines := _lines(snapshot, parcel, told, parts):
            at = _event_time(snapshot, parcel, told, paid_at, now)
            whole = not told and _is_whole(snapshot, lines)
            return Upload(parcel.number, parcel.carrier, parcel.waybill, at, lines, whole)
    return None


def _lines(snapshot: Snapshot, parcel: Parcel, told: Sequence[Upload], parts: Parts) -> Units:
    """Units by line that are still to be told with this parcel."""
    left, wanted = _units_left(snapshot), {line.line_no: line.wanted for line in snapshot.lines if not line.ours}
    ended = snapshot.status == OrderStatus.COMPLETED
    complete = {number for number, units in wanted.items() if ended or left[number] >= units}
    if parts == Parts.UNITS:
        due = Counter({number: units for number, units in (parcel.lines or {}).items() if number in wanted})
        return due - _said(one for one in told if one.parcel == parcel.number)
    # What cannot be taken apart is told with the parcel that left last with a unit of it.
    last = {number: _last_with(snapshot, number) for number in wanted if left[number]}
    if parts == Parts.LINES:
        due = Counter({number: left[number] for number in complete if last.get(number) == parcel.number})
    elif complete == set(wanted) and snapshot.shipped[-1] == parcel:
        due = Counter({number: left[number] for number in wanted})
    else:
        return {}
    return {number: units for number, units in due.items() if units and not _said(told)[number]}


def _units_left(snapshot: Snapshot) -> Counter[int]:
    left = Counter[int]()
    for parcel in snapshot.shipped:
        left.update(dict(parcel.lines or {}))
    return left


def _said(told: Iterable[Upload]) -> Counter[int]:
    said = Counter[int]()
    for one in told:
        said.update(dict(one.lines))
    return said


def _last_with(snapshot: Snapshot, line_no: int) -> int:
    return [parcel.number for parcel in snapshot.shipped if (parcel.lines or {}).get(line_no)][-1]


def _event_time(
    snapshot: Snapshot, parcel: Parcel, told: Sequence[Upload], paid_at: datetime | None, now: datetime
) -> datetime:
    """When the parcel left, but after the order, its payment and all that was told before: carriers' clocks differ."""
    if paid_at is None:
        raise NotYet("the order is not paid")
    before = [snapshot.order.placed_at, paid_at, *(one.happened_at for one in told)]
    earliest = max(before).replace(microsecond=0) + A_SECOND
    at = max(parcel.shipped_at or earliest, earliest).replace(microsecond=0)
    if at > now:
        raise NotYet("the parcel has not left yet by the clock")
    return at


def _is_whole(snapshot: Snapshot, lines: Units) -> bool:
    return all(lines.get(line.line_no, 0) >= line.quantity for line in snapshot.lines if not line.ours)
