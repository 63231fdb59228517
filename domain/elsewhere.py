"""Units that a platform says it shipped itself: which of them are no echo of our own parcels, and by which line."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from domain.order import OrderLine

ON_THE_ROAD = timedelta(days=10)
"""Platforms that never hear of a delivery confirm it by themselves after ten days, and so do we."""
SHIPPED_ELSEWHERE, TAKEN_BACK = "SHIPPED_ELSEWHERE", "ELSEWHERE_TAKEN_BACK"
"""Codes of alerts: what the channel shipped was given to a warehouse too, and the channel took its word back."""
WHOLE_ORDER = "order"
"""The key of a parcel that the platform neither numbers nor gives a waybill."""


@dataclass(frozen=True, slots=True)
class ParcelElsewhere:
    """A parcel of the platform, or goods carried home. `key` is the platform's own id of it.

    `lines` are units by line number. Without lines it holds everything that no other parcel of the order does.
    `shipped_at` is None while the platform only says that it ships the goods itself: the order waits for that.
    `location_id` is our store where the goods were carried home from; empty if they were none of ours.
    """

    key: str
    carrier: str = ""
    waybill: str = ""
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None
    lines: tuple[tuple[int, int], ...] = ()
    location_id: str = ""


@dataclass(frozen=True, slots=True)
class OwnShipments:
    """What we shipped of an order: `waybills` among those that the platform names, as `waybill_key` writes them, and
    `units` by line number that have left us."""

    waybills: frozenset[str] = frozenset()
    units: Mapping[int, int] = field(default_factory=dict)


def waybill_key(waybill: str) -> str:
    """Return the waybill in capitals without blanks and dashes, as platforms and people write it differently."""
    return re.sub(r"[\s-]", "", waybill).upper()


def resolve(
    parcels: Sequence[ParcelElsewhere], quantities: Mapping[int, int], ours: Set[str] = frozenset()
) -> list[ParcelElsewhere]:
    """Return the parcels with the lines that each holds, none beyond its ordered quantity; those without any are left
    out. Parcels with one key, such as several without a waybill, are one. `quantities` are units by line number.

    Of several without lines the first that has none of `ours` holds the rest: our waybill must not hide another's.
    """
    left, found = Counter(quantities), list[ParcelElsewhere]()
    for parcel in sorted(_by_key(parcels), key=lambda one: (not one.lines, waybill_key(one.waybill) in ours)):
        asked = Counter(dict(parcel.lines)) if parcel.lines else Counter(left)
        held = {number: min(units, left[number]) for number, units in sorted(asked.items()) if left[number] > 0}
        left.subtract(held)
        if lines := tuple((number, units) for number, units in held.items() if units > 0):
            found.append(replace(parcel, lines=lines))
    return found


def _by_key(parcels: Iterable[ParcelElsewhere]) -> Iterable[ParcelElsewhere]:
    joined = dict[str, ParcelElsewhere]()
    for parcel in parcels:
        first = joined.get(parcel.key)
        # One without lines holds all the rest anyway.
        all_named = first is not None and first.lines and parcel.lines
        lines = Counter(dict(first.lines)) + Counter(dict(parcel.lines)) if first and all_named else Counter[int]()
        joined[parcel.key] = parcel if first is None else replace(first, lines=tuple(sorted(lines.items())))
    return joined.values()


def not_ours(
    parcels: Iterable[ParcelElsewhere], own: OwnShipments, vague: Set[str] = frozenset()
) -> list[ParcelElsewhere]:
    """Return the resolved parcels without those that only repeat what we shipped.

    A waybill of ours tells. Where the platform names no waybill, or no lines (`vague` are the keys of these), units
    that we shipped are the ones it means.
    """
    left, found = Counter(own.units), list[ParcelElsewhere]()
    unclear = list[ParcelElsewhere]()
    for parcel in parcels:
        if not parcel.waybill or (parcel.key in vague and waybill_key(parcel.waybill) not in own.waybills):
            unclear.append(parcel)
        elif waybill_key(parcel.waybill) in own.waybills:
            left.subtract(dict(parcel.lines))
        else:
            found.append(parcel)
    for parcel in unclear:
        foreign = {number: units - max(0, min(units, left[number])) for number, units in parcel.lines}
        left.subtract(dict(parcel.lines))
        if lines := tuple((number, units) for number, units in foreign.items() if units > 0):
            found.append(replace(parcel, lines=lines))
    return found


def keep_taken(
    found: Mapping[str, ParcelElsewhere], before: Iterable[ParcelElsewhere], fewer: Mapping[int, int]
) -> dict[str, ParcelElsewhere]:
    """Return the parcels by key, with the `fewer` units by line number from those of `before`."""
    kept, left = dict(found), Counter(fewer)
    for parcel in sorted(before, key=lambda one: one.key):
        now = Counter(dict(kept[parcel.key].lines)) if parcel.key in kept else Counter[int]()
        if more := (Counter(dict(parcel.lines)) - now) & left:
            left -= more
            kept[parcel.key] = replace(kept.get(parcel.key, parcel), lines=tuple(sorted((now + more).items())))
    return kept


def units_by_line(parcels: Iterable[ParcelElsewhere]) -> Counter[int]:
    """Return the units of all parcels by line number."""
    units = Counter[int]()
    for parcel in parcels:
        units.update(dict(parcel.lines))
    return units


def taken_as_delivered(shipped_at: datetime, delivered_at: datetime | None) -> datetime:
    """Return since when the customer has the parcel, for periods that begin with the delivery."""
    return delivered_at or shipped_at + ON_THE_ROAD


def in_recorded_lines(
    parcels: Iterable[ParcelElsewhere], sent: Sequence[OrderLine], recorded: Mapping[int, str]
) -> list[ParcelElsewhere]:
    """Return the parcels by the recorded line numbers. `sent` are the lines as the platform sends them now, whose order
    may have changed, and `recorded` the platform's line ids by our line number."""
    ids = {line.line_no: line.channel_line_id for line in sent}
    numbers = {name: number for number, name in recorded.items()}
    unique = {name for name, times in Counter(recorded.values()).items() if name and times == 1}

    def number_of(number: int) -> int:
        name = ids.get(number, "")
        return numbers[name] if name in unique else number

    return [replace(one, lines=tuple((number_of(number), units) for number, units in one.lines)) for one in parcels]
