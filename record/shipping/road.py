"""Interpret a carrier's reports: failed attempts, parcels in trouble, and deliveries without a signature."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from domain import milestones, parcel_problems
from domain.parameters import Parameters
from domain.status import FulfillmentStatus, TrackingStatus
from models.deadlines import CarrierClaimRow
from models.fulfillment import FulfillmentOrderRow
from models.messaging import PartnerEventRow
from models.order import OrderEventRow, OrderRow
from record import journal
from record.parameters import ParameterCache

TRACKED, WITHDRAWN = "shipment.tracking_updated", "withdrawn"
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


def follow(session: Session, row: FulfillmentOrderRow, cache: ParameterCache) -> Road:
    """Return where the parcel stands by all its reports, in whatever order they came."""
    if row.status not in UNDER_WAY or row.shipment_id is None:
        return Road()
    order = session.get_one(OrderRow, row.order_id)
    parameters, reports = cache.at(session, order.placed_at), _tracking_reports(session, row)
    attempts = _failed_attempts(reports)
    newest = max(reports, key=lambda one: str(one["occurred_at"]), default={})
    signed = all(one.get("signed") is not False for one in reports if one["status"] == TrackingStatus.DELIVERED)
    return Road(
        attempts=attempts,
        too_many=0 < parameters.parcel_attempts <= attempts,
        trouble=parcel_problems.problem_of(str(newest.get("status", "")), str(newest.get("code", ""))),
        unsigned=not signed and _asks_for_signature(order, parameters),
        found=row.status == FulfillmentStatus.CANCELED and _found(session, row),
        patience=parameters.parcel_silent_days * 86_400.0,
    )


def announce_failed_attempt(session: Session, row: FulfillmentOrderRow, event: PartnerEventRow) -> None:
    """Announce to the customer that nobody was there, once per attempt."""
    attempt = _failed_attempts(_tracking_reports(session, row))
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


def _tracking_reports(session: Session, row: FulfillmentOrderRow) -> Sequence[dict[str, Any]]:
    of_parcel = OrderEventRow.data["fulfillment_order_id"].astext == row.fulfillment_order_id
    reports = select(OrderEventRow.data).where(OrderEventRow.order_id == row.order_id, OrderEventRow.type == TRACKED)
    return session.scalars(reports.where(of_parcel)).all()


def _failed_attempts(reports: Sequence[dict[str, Any]]) -> int:
    """Count failed attempts by their times: a carrier may repeat a report under another id."""
    return len({one["occurred_at"] for one in reports if one["status"] == TrackingStatus.FAILED_ATTEMPT})


def _found(session: Session, row: FulfillmentOrderRow) -> bool:
    of_parcel = CarrierClaimRow.fulfillment_order_id == row.fulfillment_order_id, CarrierClaimRow.status == WITHDRAWN
    return session.scalar(select(CarrierClaimRow.claim_id).where(*of_parcel, CarrierClaimRow.remedy != "")) is not None


def _asks_for_signature(order: OrderRow, parameters: Parameters) -> bool:
    above = parameters.signature_above
    return above is not None and order.currency == above.currency and order.grand_total_minor > above.minor_units
