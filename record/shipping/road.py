"""Interpret a carrier's reports: failed attempts, parcels in trouble, and deliveries without a signature."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, Text, any_, bindparam, select, update
from sqlalchemy.orm import Session

from domain import milestones, parcel_problems
from domain.parameters import Parameters
from domain.status import FulfillmentStatus, TrackingStatus
from models.base import table
from models.deadlines import CarrierClaimRow
from models.fulfillment import FulfillmentOrderRow
from models.messaging import PartnerEventRow
from models.order import OrderEventRow, OrderRow
from record import journal
from record.parameters import ParameterCache
from record.shipping.work import Work

DELIVERED = TrackingStatus.DELIVERED
TRACKED, WITHDRAWN = "shipment.tracking_updated", "withdrawn"
# Built once: building a statement costs more than sending it.
_EVENTS = table(OrderEventRow)
_REPORTS = select(_EVENTS.c.data["fulfillment_order_id"].astext, _EVENTS.c.data, _EVENTS.c.at).where(
    _EVENTS.c.order_id == any_(bindparam("orders", type_=ARRAY(Text))), _EVENTS.c.type == TRACKED
)
UNDER_WAY = (FulfillmentStatus.SHIPPED, FulfillmentStatus.DELIVERED, FulfillmentStatus.CANCELED)


@dataclass(frozen=True)
class Road:
    """`attempts` failed so far, `too_many` when a person must help; `trouble` is lost, damaged, refused or empty.

    `unsigned`: delivered without the signature that the amount requires. `found`: it turned up after it was given up.
    After `patience` seconds without news a parcel counts as lost; 0 for never.
    """

    attempts: int = 0
    too_many: bool = False
    trouble: str = ""
    unsigned: bool = False
    found: bool = False
    patience: float = 0.0
    heard_at: float = 0.0
    """When the newest report came, in seconds since 1970; 0 if none has."""


class Report(NamedTuple):
    """A tracking report in the order's log, and when it came."""

    data: dict[str, Any]
    at: datetime


def follow_all(session: Session, works: Iterable[Work], cache: ParameterCache) -> dict[str, Road]:
    """Return by fulfillment order where each parcel stands by all its reports, in whatever order they came."""
    works = list(works)
    under_way = [work for work in works if work.row.status in UNDER_WAY and work.row.shipment_id]
    reports = _reports_of(session, [work.row for work in under_way])
    roads = {work.row.fulfillment_order_id: Road() for work in works}
    for work in under_way:
        name = work.row.fulfillment_order_id
        roads[name] = _follow(session, work, reports[name], cache.at(session, work.order.placed_at))
    return roads


def _follow(session: Session, work: Work, reports: Sequence[Report], parameters: Parameters) -> Road:
    row, order = work.row, work.order
    attempts = _failed_attempts([one.data for one in reports])
    newest = max((one.data for one in reports), key=lambda one: str(one["occurred_at"]), default={})
    signed = all(one.data.get("signed") is not False for one in reports if one.data["status"] == DELIVERED)
    return Road(
        attempts=attempts,
        too_many=0 < parameters.parcel_attempts <= attempts,
        trouble=parcel_problems.problem_of(str(newest.get("status", "")), str(newest.get("code", ""))),
        unsigned=not signed and _asks_for_signature(order, parameters),
        found=row.status == FulfillmentStatus.CANCELED and _found(session, row),
        patience=parameters.parcel_silent_days * 86_400.0,
        heard_at=max((one.at.timestamp() for one in reports), default=0.0),
    )


def announce_failed_attempt(session: Session, row: FulfillmentOrderRow, event: PartnerEventRow) -> None:
    """Announce to the customer that nobody was there, once per attempt."""
    reports = _reports_of(session, [row])[row.fulfillment_order_id]
    attempt = _failed_attempts([one.data for one in reports])
    data = {"fulfillment_order_id": row.fulfillment_order_id, "shipment_id": row.shipment_id, "attempt": attempt}
    journal.announce(session, row.order_id, milestones.ATTEMPTED, data, subject=f"{row.number}-{attempt}")


def withdraw_claim(session: Session, row: FulfillmentOrderRow, event: PartnerEventRow, where: str) -> bool:
    """Withdraw the claim on the carrier for a parcel that turned up. False when there was none."""
    of_parcel = CarrierClaimRow.fulfillment_order_id == row.fulfillment_order_id, CarrierClaimRow.status != WITHDRAWN
    ended = {"status": WITHDRAWN, "closed_at": event.received_at}
    claim = update(CarrierClaimRow).where(*of_parcel).values(ended).returning(CarrierClaimRow.claim_id)
    if session.scalar(claim) is None:
        return False
    data = {"fulfillment_order_id": row.fulfillment_order_id, "where": where}
    key = f"{row.fulfillment_order_id}:turned_up"
    journal.append_fact(session, row.order_id, "claim.withdrawn", key, data, event.partner)
    return True


def _reports_of(session: Session, rows: Sequence[FulfillmentOrderRow]) -> dict[str, list[Report]]:
    found: dict[str, list[Report]] = {row.fulfillment_order_id: [] for row in rows}
    if rows:
        for name, data, at in session.execute(_REPORTS, {"orders": sorted({row.order_id for row in rows})}):
            if name in found:
                found[name].append(Report(data, at))
    return found


def _failed_attempts(reports: Sequence[dict[str, Any]]) -> int:
    """Count failed attempts by their times: a carrier may repeat a report under another id."""
    return len({one["occurred_at"] for one in reports if one["status"] == TrackingStatus.FAILED_ATTEMPT})


def _found(session: Session, row: FulfillmentOrderRow) -> bool:
    of_parcel = CarrierClaimRow.fulfillment_order_id == row.fulfillment_order_id, CarrierClaimRow.status == WITHDRAWN
    return session.scalar(select(CarrierClaimRow.claim_id).where(*of_parcel, CarrierClaimRow.remedy != "")) is not None


def _asks_for_signature(order: OrderRow, parameters: Parameters) -> bool:
    above = parameters.signature_above
    return above is not None and order.currency == above.currency and order.grand_total_minor > above.minor_units
