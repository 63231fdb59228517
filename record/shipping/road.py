"""What the reports of a carrier amount to: failed attempts, parcels in trouble, and deliveries that nobody signed."""

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
    """`attempts` failed so far, `too_many` if a person is to help; `trouble` is lost, damaged, refused or nothing.

    `unsigned`: delivered without the signature that the amount asks for. `found`: it turned up after it was given up.
    After `patience` seconds without news a parcel counts as lost; 0 is never.
    """

    attempts: int = 0
    too_many: bool = False
    trouble: str = ""
    unsigned: bool = False
    found: bool = False
    patience: float = 0.0


def follow(session: Session, row: FulfillmentOrderRow, book: ParameterCache) -> Road:
    """Where the parcel stands by all that was reported of it, in whatever order the reports came."""
    if row.status not in UNDER_WAY or row.shipment_id is None:
        return Road()
    order = session.get_one(OrderRow, row.order_id)
    parameters, told = book.at(session, order.placed_at), _told(session, row)
    attempts = _attempts(told)
    newest = max(told, key=lambda one: str(one["occurred_at"]), default={})
    signed = all(one.get("signed") is not False for one in told if one["status"] == TrackingStatus.DELIVERED)
    return Road(
        attempts=attempts,
        too_many=0 < parameters.parcel_attempts <= attempts,
        trouble=parcel_problems.problem_of(str(newest.get("status", "")), str(newest.get("code", ""))),
        unsigned=not signed and _asks_for_signature(order, parameters),
        found=row.status == FulfillmentStatus.CANCELED and _found(session, row),
        patience=parameters.parcel_silent_days * 86_400.0,
    )


def attempt_failed(session: Session, row: FulfillmentOrderRow, event: PartnerEventRow) -> None:
    """Tell the customer that nobody was there, once for each attempt."""
    attempt = _attempts(_told(session, row))
    data = {"fulfillment_order_id": row.fulfillment_order_id, "shipment_id": row.shipment_id, "attempt": attempt}
    journal.announce(session, row.order_id, milestones.ATTEMPTED, data, subject=f"{row.number}-{attempt}")


def turned_up(session: Session, row: FulfillmentOrderRow, event: PartnerEventRow, where: str) -> bool:
    """A parcel that was claimed is there after all: nothing is claimed for it any more. False when nothing was."""
    of_parcel = CarrierClaimRow.fulfillment_order_id == row.fulfillment_order_id, CarrierClaimRow.status != WITHDRAWN
    ended = {"status": WITHDRAWN, "closed_at": event.received_at}
    claim = update(CarrierClaimRow).where(*of_parcel).values(ended).returning(CarrierClaimRow.claim_id)
    if session.scalar(claim) is None:
        return False
    data = {"fulfillment_order_id": row.fulfillment_order_id, "where": where}
    key = f"{row.fulfillment_order_id}:turned_up"
    journal.append_fact(session, row.order_id, "claim.withdrawn", key, data, event.partner)
    return True


def _told(session: Session, row: FulfillmentOrderRow) -> Sequence[dict[str, Any]]:
    of_parcel = OrderEventRow.data["fulfillment_order_id"].astext == row.fulfillment_order_id
    told = select(OrderEventRow.data).where(OrderEventRow.order_id == row.order_id, OrderEventRow.type == TRACKED)
    return session.scalars(told.where(of_parcel)).all()


def _attempts(told: Sequence[dict[str, Any]]) -> int:
    """A carrier that repeats a report under another id says the same time."""
    return len({one["occurred_at"] for one in told if one["status"] == TrackingStatus.FAILED_ATTEMPT})


def _found(session: Session, row: FulfillmentOrderRow) -> bool:
    of_parcel = CarrierClaimRow.fulfillment_order_id == row.fulfillment_order_id, CarrierClaimRow.status == WITHDRAWN
    return session.scalar(select(CarrierClaimRow.claim_id).where(*of_parcel, CarrierClaimRow.remedy != "")) is not None


def _asks_for_signature(order: OrderRow, parameters: Parameters) -> bool:
    above = parameters.signature_above
    return above is not None and order.currency == above.currency and order.grand_total_minor > above.minor_units
