"""Record what partners report about a fulfillment order, and return how far it is."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, select, tuple_, update
from sqlalchemy.orm import Session
from temporalio import activity

from domain.parcels import difference, in_words
from domain.pickup import MAX_CODE_ATTEMPTS
from domain.status import FulfillmentStatus
from models.database import Sessions
from models.fulfillment import FulfillmentLineRow, FulfillmentOrderRow, ShipmentRow
from models.messaging import PartnerEventRow
from record.orders.promises import update_due
from record.parameters import ParameterCache
from record.shipping import merges
from record.shipping.fulfillment_orders import lock_fulfillment_order
from record.shipping.reports import APPLY
from record.shipping.road import Road, follow

FROM_HERE_ON = (FulfillmentStatus.SHIPPED, FulfillmentStatus.DELIVERED, FulfillmentStatus.CANCELED)
"""Reaching one of these changes the order's promises."""


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


class ProgressReports:
    def __init__(self, sessions: Sessions, parameters: ParameterCache) -> None:
        self.sessions = sessions
        self.parameters = parameters

    @activity.defn
    def record_progress(self, reports: Reports) -> Progress:
        """Apply the new reports, and return where the fulfillment order stands."""
        with self.sessions.begin() as session:
            row = lock_fulfillment_order(session, reports.fulfillment_order_id)
            if row is None:
                return Progress(FulfillmentStatus.CANCELED)
            before, events = row.status, _reported(session, reports)
            # Keep a reference, so that the session keeps the row loaded for every report.
            _shipment = session.get(ShipmentRow, row.shipment_id) if row.shipment_id else None
            for event in events:
                # A carrier's report may concern several orders: each applies it, and it is safe to repeat.
                first = event.applied_at is None or event.type.startswith(("shipment.", "waybill."))
                if first and event.type in APPLY:
                    APPLY[event.type](session, row, event)
            _mark_applied(session, reports)
            if row.status != before and row.status in FROM_HERE_ON:
                update_due(session, row.order_id)
            # From all events, so that a repeat of this step returns it again.
            refused = any(
                event.type == "shipment.interception_answered" and not event.data["accepted"] for event in events
            )
            return _progress(session, row, refused, follow(session, row, self.parameters))


def _reported(session: Session, reports: Reports) -> Sequence[PartnerEventRow]:
    if not reports.events:
        return []
    return session.scalars(
        select(PartnerEventRow)
        .where(tuple_(PartnerEventRow.partner, PartnerEventRow.event_id).in_(reports.events))
        .order_by(PartnerEventRow.sequence)
    ).all()


def _mark_applied(session: Session, reports: Reports) -> None:
    """Mark them in the transaction that applies them: all or none."""
    if not reports.events:
        return
    session.execute(
        update(PartnerEventRow)
        .where(tuple_(PartnerEventRow.partner, PartnerEventRow.event_id).in_(reports.events))
        .where(PartnerEventRow.applied_at.is_(None))
        .values(applied_at=func.now()),
        execution_options={"synchronize_session": False},
    )


def _progress(session: Session, row: FulfillmentOrderRow, refused: bool, road: Road) -> Progress:
    of_row = FulfillmentLineRow.fulfillment_order_id == row.fulfillment_order_id
    lines = session.execute(
        select(FulfillmentLineRow.sku, FulfillmentLineRow.quantity, FulfillmentLineRow.picked).where(of_row)
    ).all()
    picked = {line.sku: line.picked for line in lines if line.picked is not None}
    reported = len(picked) == len(lines)
    units = sum(picked.values())
    shipment = session.get(ShipmentRow, row.shipment_id) if row.shipment_id else None
    return Progress(
        row.status,
        shipment.tracking_status if shipment else "",
        units if reported else None,
        sum(line.quantity for line in lines) - units if reported else 0,
        refused,
        shipment.shipment_id if shipment else "",
        shipment.waybill if shipment else "",
        row.merge_id or "",
        merges.others(session, row),
        road,
        in_words(difference(row.parcels or (), picked)) if reported else "",
        row.pickup_tries >= MAX_CODE_ATTEMPTS,
    )
