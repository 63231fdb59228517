"""Apply what partners report to fulfillment orders, for many of them at once, and say how far each is."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from sqlalchemy import func, select, tuple_, update
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
from record.shipping.work import Work, lock_works

Status = FulfillmentStatus
FROM_HERE_ON = (Status.SHIPPED, Status.DELIVERED, Status.CANCELED)
"""Reaching one of these changes the order's promises."""
ACTED_ON = (Status.PACKED, Status.REJECTED, *FROM_HERE_ON)
"""Reaching one of these changes what the order does next."""


@dataclass(frozen=True)
class Reports:
    """Stored webhooks about one fulfillment order, by (partner, event id), oldest first."""

    order_id: str
    fulfillment_order_id: str
    events: list[tuple[str, str]] = field(default_factory=list)


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
    """The types of the reports that were applied."""


def without_defaults(progress: Progress) -> dict[str, Any]:
    """Return the fields that say something: a signal is kept for long and read often."""
    road = {name: value for name, value in asdict(progress.road).items() if value}
    told = {one.name: getattr(progress, one.name) for one in fields(progress) if one.name != "road"}
    return {name: value for name, value in told.items() if value or name == "picked_units"} | {"road": road}


def with_defaults(told: Mapping[str, Any]) -> Progress:
    """Return the progress that `without_defaults` has shortened."""
    return Progress(**{**told, "road": Road(**told["road"])})


@dataclass(frozen=True)
class Applied:
    """`wakes`: the order does something else now than before."""

    progress: Progress
    wakes: bool


class NotPlain(Exception):
    """A report must be applied in a transaction of its own."""


def apply_reports(
    session: Session, cache: ParameterCache, reports: Sequence[Reports], together: bool = False
) -> list[Applied]:
    """Apply the new reports about each fulfillment order, and say where it stands; one that is unknown was canceled.

    The number of statements does not grow with the number of orders. Raises NotPlain if they are to be applied
    `together` and one of them must not be.
    """
    works = lock_works(session, [one.fulfillment_order_id for one in reports])
    events = _events_of(session, reports)
    if together and not all(is_plain(works[name], event) for name, of_one in events.items() for event in of_one):
        raise NotPlain
    before = {name: work.row.status for name, work in works.items()}
    loud = {name for name, of_one in events.items() for event in of_one if _apply(works[name], event)}
    for name, of_one in events.items():
        works[name].row.reports += any(event.applied_at is None for event in of_one)
    _mark_applied(session, reports)
    for work in works.values():
        work.effects.write()
    moved = {name for name, work in works.items() if work.row.status != before[name]}
    for order_id in sorted({works[name].row.order_id for name in moved if works[name].row.status in FROM_HERE_ON}):
        update_due(session, order_id)
    roads = follow_all(session, works.values(), cache)
    loud |= {name for name in moved if works[name].row.status in ACTED_ON}
    return [
        Applied(_progress(session, works[name], events[name], roads[name]), name in loud)
        if (name := one.fulfillment_order_id) in works
        else Applied(Progress(Status.CANCELED), wakes=True)
        for one in reports
    ]


def _events_of(session: Session, reports: Sequence[Reports]) -> dict[str, list[PartnerEventRow]]:
    keys = {key: one.fulfillment_order_id for one in reports for key in map(tuple, one.events)}
    found: dict[str, list[PartnerEventRow]] = defaultdict(list)
    if keys:
        wanted = tuple_(PartnerEventRow.partner, PartnerEventRow.event_id).in_(keys)
        rows = session.scalars(select(PartnerEventRow).where(wanted).order_by(PartnerEventRow.sequence)).all()
        for one in reports:
            mine = set(map(tuple, one.events))
            found[one.fulfillment_order_id] += [row for row in rows if (row.partner, row.event_id) in mine]
    return found


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


def _mark_applied(session: Session, reports: Sequence[Reports]) -> None:
    """Mark them in the transaction that applies them: all or none."""
    keys = [key for one in reports for key in map(tuple, one.events)]
    if keys:
        session.execute(
            update(PartnerEventRow)
            .where(tuple_(PartnerEventRow.partner, PartnerEventRow.event_id).in_(keys))
            .where(PartnerEventRow.applied_at.is_(None))
            .values(applied_at=func.now()),
            execution_options={"synchronize_session": False},
        )


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
        [event.type for event in events],
    )
