"""Apply what partners report to fulfillment orders, for many of them at once, and say how far each is."""

from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import ARRAY, Text, bindparam, column, func, select
from sqlalchemy.orm import Session

from domain.parcels import difference, in_words
from domain.pickup import MAX_CODE_ATTEMPTS
from domain.status import FulfillmentStatus
from models.messaging import PartnerEventRow
from record.orders.promises import update_due
from record.parameters import ParameterCache
from record.shipping import merges
from record.shipping.reports import APPLY, is_loud, is_plain
from record.shipping.road import Road, follow_all
from record.shipping.work import FRESH, Work, lock_works

Status = FulfillmentStatus
_ASKED = (
    func.unnest(bindparam("partners", type_=ARRAY(Text)), bindparam("event_ids", type_=ARRAY(Text)))
    .table_valued(column("partner", Text), column("event_id", Text))
    .render_derived("asked")
)
# Built once: building a statement costs more than sending it.
_ASKED_EVENTS = select(PartnerEventRow).join(
    _ASKED, (PartnerEventRow.partner == _ASKED.c.partner) & (PartnerEventRow.event_id == _ASKED.c.event_id)
)
Event = tuple[str, str]
"""The key of a stored webhook: partner and event id."""
FROM_HERE_ON = (Status.SHIPPED, Status.DELIVERED, Status.CANCELED)
"""Reaching one of these changes the order's promises."""
# Events written when an inquiry has not helped (activities/inquiries.py), and what people read about them.
SILENCES = {
    "fulfillment_order.forgotten": "the warehouse does not know of the work any more, though it was told again",
    "fulfillment_order.unreported": "the warehouse has done more than it has reported: ask for its reports",
    "shipment.forgotten": "the carriers' desk does not know of the booking any more: void it, or ask the carrier",
}
ACTED_ON = (Status.PACKED, Status.REJECTED, *FROM_HERE_ON)
"""Reaching one of these changes what the order does next."""


@dataclass(frozen=True)
class Reports:
    """Stored webhooks about one fulfillment order, by (partner, event id), oldest first."""

    order_id: str
    fulfillment_order_id: str
    events: list[Event] = field(default_factory=list)


@dataclass(frozen=True)
class Progress:
    """Where the fulfillment order stands. `picked_units` is None until the warehouse has reported them.

    `others` are the workflow ids of the orders that share its parcel, in the merge `merge_id`. `parcels_differ` says
    how the parcels differ from what was picked, or is empty.
    """

    status: str
    tracking: str = ""
    picked_units: int | None = None
    short_units: int = 0
    interception_refused: bool = False
    shipment_id: str = ""
    waybill: str = ""
    merge_id: str = ""
    others: list[str] = field(default_factory=list)
    road: Road = field(default_factory=Road)
    parcels_differ: str = ""
    pickup_locked: bool = False
    """True if too many wrong codes were entered for it."""
    number: int = 0
    """How many times new reports were applied: what has a higher one is newer."""
    reported: list[str] = field(default_factory=list)
    """The types of those applied reports that the status does not tell of."""


def for_signal(progress: Progress) -> Progress:
    """Leave out what the order knows already, or asks the record for: a signal is kept for long."""
    gone, on_its_way = progress.status in (Status.SHIPPED, Status.DELIVERED), progress.status == Status.SHIPPED
    return replace(
        progress,
        picked_units=None if gone else progress.picked_units,
        shipment_id="",
        road=replace(progress.road, heard_at=0.0, patience=progress.road.patience if on_its_way else 0.0),
    )


def with_known(progress: Progress, picked_units: int | None, shipment_id: str) -> Progress:
    """Return what `for_signal` has shortened with what the order knows of the same parcel."""
    units = picked_units if progress.picked_units is None else progress.picked_units
    return replace(progress, picked_units=units, shipment_id=shipment_id)


CANCELED = Progress(Status.CANCELED)
"""Where a fulfillment order stands that does not exist."""


class NotPlain(Exception):
    """Reports about these fulfillment orders must be applied in a transaction of their own."""

    def __init__(self, names: Collection[str]) -> None:
        self.names = frozenset(names)


def apply_reports(session: Session, cache: ParameterCache, reports: Reports) -> Progress:
    """Apply the new reports about a fulfillment order, and say where it stands."""
    works, events = lock_works(session, [reports.fulfillment_order_id]), _events_of(session, [reports])
    _apply_all(session, works, events, relayed=())
    return next(iter(_progress_of(session, works, events, cache).values()), CANCELED)


def relay_reports(
    session: Session, cache: ParameterCache, reports: Sequence[Reports], alone: Container[Event]
) -> list[Progress | None]:
    """Apply the new reports about each fulfillment order. Return where those stand whose orders do something else now
    than before, and None for those that wake nobody.

    The number of statements does not grow with the number of orders. Events in `alone` are about one fulfillment order
    only: they count as relayed if they wake nobody. Raises NotPlain if some of several must be alone.
    """
    names = [one.fulfillment_order_id for one in reports]
    works, events = lock_works(session, names), _events_of(session, reports)
    if len(works) > 1 and (special := {name for name, work in works.items() if not _is_plain(work, events[name])}):
        raise NotPlain(special)
    loud = _apply_all(session, works, events, alone)
    woken = {name: work for name, work in works.items() if name in loud}
    progress = _progress_of(session, woken, events, cache)
    return [progress.get(name) if name in works else CANCELED for name in names]


def _events_of(session: Session, reports: Sequence[Reports]) -> dict[str, list[PartnerEventRow]]:
    keys = {key for one in reports for key in map(tuple, one.events)}
    found: dict[str, list[PartnerEventRow]] = {one.fulfillment_order_id: [] for one in reports}
    if keys:
        asked = {"partners": [partner for partner, _ in keys], "event_ids": [event_id for _, event_id in keys]}
        rows = session.scalars(_ASKED_EVENTS, asked, execution_options=FRESH)
        known = {(row.partner, row.event_id): row for row in rows}
        for one in reports:
            mine = [known[key] for key in map(tuple, one.events) if key in known]
            found[one.fulfillment_order_id] += sorted(mine, key=lambda row: row.sequence)
    return found


def _is_plain(work: Work, events: Iterable[PartnerEventRow]) -> bool:
    # A shared parcel has rows that other orders write too.
    return work.row.merge_id is None and all(is_plain(work, event) for event in events)


def _apply_all(
    session: Session,
    works: Mapping[str, Work],
    events: Mapping[str, Sequence[PartnerEventRow]],
    relayed: Container[Event],
) -> set[str]:
    """Apply these events, mark them in the same transaction, and return the fulfillment orders whose orders must be
    woken."""
    before = {name: work.row.status for name, work in works.items()}
    loud = {name for name, work in works.items() for event in events[name] if _apply(work, event)}
    moved = {name for name, work in works.items() if work.row.status != before[name]}
    loud |= {name for name in moved if works[name].row.status in ACTED_ON}
    marks = dict[Event, dict[str, Any]]()
    for name, work in works.items():
        work.row.reports += any(event.applied_at is None for event in events[name])
        for event in events[name]:
            key = event.partner, event.event_id
            done = name not in loud and key in relayed
            marks[key] = {"partner": event.partner, "event_id": event.event_id, "relayed": done}
    if works:
        next(iter(works.values())).effects.write(list(marks.values()))
    if reached := {works[name].row.order_id for name in moved if works[name].row.status in FROM_HERE_ON}:
        update_due(session, *sorted(reached))
    return loud


def _apply(work: Work, event: PartnerEventRow) -> bool:
    """Apply an event once. True if the order acts on it, also when a crash has kept that from it."""
    # A carrier's report may concern several orders: each applies it, and it is safe to repeat.
    repeatable = event.type.startswith(("shipment.", "waybill."))
    if event.applied_at is not None and not repeatable:
        return True
    loud = is_loud(work, event) or event.applied_at is not None
    if event.type in APPLY:
        APPLY[event.type](work, event)
    return loud


def _progress_of(
    session: Session,
    works: Mapping[str, Work],
    events: Mapping[str, Sequence[PartnerEventRow]],
    cache: ParameterCache,
) -> dict[str, Progress]:
    roads = follow_all(session, works.values(), cache)
    return {name: _progress(session, work, events[name], roads[name]) for name, work in works.items()}


def _progress(session: Session, work: Work, events: Iterable[PartnerEventRow], road: Road) -> Progress:
    row, units, shipment = work.row, work.picked_units, work.shipment
    picked = {line.sku: line.picked for line in work.lines if line.picked is not None}
    # From all events, so that a repeat of this step returns it again.
    refused = any(event.type == "shipment.interception_answered" and not event.data["accepted"] for event in events)
    return Progress(
        row.status,
        shipment.tracking_status if shipment else "",
        units,
        0 if units is None else sum(line.quantity for line in work.lines) - units,
        refused,
        shipment.shipment_id if shipment else "",
        shipment.waybill if shipment else "",
        row.merge_id or "",
        merges.others(session, row),
        road,
        "" if units is None else in_words(difference(row.parcels or (), picked)),
        row.pickup_tries >= MAX_CODE_ATTEMPTS,
        row.reports,
        [event.type for event in events if event.type in SILENCES],
    )
