"""Reads one shipment with its parcels, its tracking, and the offers of carriers."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from api.access import Caller
from api.errors import NOT_FOUND, Problem
from api.masking import visible_text
from api.partners.carrier_pushes import TRACKED
from api.schemas import Answer
from domain.money import Money
from models.fulfillment import BookingRow, FulfillmentOrderRow, ParcelRow, ShipmentRow
from models.messaging import PartnerEventRow
from models.order import OrderRow


class ParcelAnswer(Answer):
    """`sscc` is the parcel's GS1 number. Grams and millimeters; null where it was not measured."""

    sscc: str
    number: int
    weight_grams: int
    length_mm: int | None
    width_mm: int | None
    height_mm: int | None


class OfferAnswer(Answer):
    """One carrier, in order of preference, and why it may or may not carry. `refusal` is its code if it refused."""

    carrier: str
    eligible: bool
    why: str
    days: int | None
    refusal: str | None


class TrackAnswer(Answer):
    """One tracking event from `source`: tms, sf or kuaidi100."""

    source: str
    status: str
    occurred_at: datetime
    received_at: datetime
    note: str


class CostAnswer(Answer):
    amount: str
    currency: str


class ShipmentLinks(Answer):
    self: str
    label: str


class WholeShipment(Answer):
    """`cost_estimate` is by our freight rates, null where there is none. `tracking` is sorted by the time of the
    event."""

    shipment_id: str
    order_ids: list[str]
    carrier: str
    service: str
    waybill: str
    tracking_status: str
    tracked_at: datetime | None
    booked_at: datetime
    voided_at: datetime | None
    cost_estimate: CostAnswer | None
    parcels: list[ParcelAnswer]
    offers: list[OfferAnswer]
    label_prints: int
    tracking: list[TrackAnswer]
    links: ShipmentLinks


def find_shipment(
    session: Session, shipment_id: str, caller: Caller, lock: bool = False
) -> tuple[ShipmentRow, Sequence[OrderRow]]:
    """Return the shipment and the orders in it. A 404 unless the caller may see all of them.

    A shipment that was replaced by a new booking has no orders, and only callers of all channels see it.
    """
    shipment = session.get(ShipmentRow, shipment_id, with_for_update=lock)
    inside = select(FulfillmentOrderRow.order_id).where(FulfillmentOrderRow.shipment_id == shipment_id)
    orders = session.scalars(select(OrderRow).where(OrderRow.order_id.in_(inside)).order_by(OrderRow.order_id)).all()
    hidden = any(not caller.sees(order.channel) for order in orders) or (not orders and caller.channel is not None)
    if shipment is None or hidden:
        raise Problem(NOT_FOUND, "there is no such shipment")
    return shipment, orders


def shipment_answer(
    session: Session, shipment: ShipmentRow, orders: Sequence[OrderRow], caller: Caller
) -> WholeShipment:
    cost = None
    if shipment.cost_minor is not None and shipment.cost_currency is not None:
        price = Money(shipment.cost_minor, shipment.cost_currency)
        cost = CostAnswer(amount=price.text, currency=price.currency)
    here = f"/shipments/{shipment.shipment_id}"
    same = {name: getattr(shipment, name) for name in WholeShipment.model_fields if hasattr(ShipmentRow, name)}
    return WholeShipment(
        **same,
        order_ids=[order.order_id for order in orders],
        cost_estimate=cost,
        parcels=[ParcelAnswer.model_validate(row) for row in parcels_of(session, shipment.shipment_id)],
        offers=_offers(session, shipment.shipment_id),
        tracking=_tracking(session, shipment, caller),
        links=ShipmentLinks(self=here, label=f"{here}/label"),
    )


def parcels_of(session: Session, shipment_id: str) -> Sequence[ParcelRow]:
    return session.scalars(
        select(ParcelRow).where(ParcelRow.shipment_id == shipment_id).order_by(ParcelRow.number)
    ).all()


def _offers(session: Session, shipment_id: str) -> list[OfferAnswer]:
    booking = session.get(BookingRow, shipment_id)
    if booking is None:
        return []
    return [OfferAnswer(**offer, refusal=booking.refusals.get(offer["carrier"])) for offer in booking.offers]


def _tracking(session: Session, shipment: ShipmentRow, caller: Caller) -> list[TrackAnswer]:
    E = PartnerEventRow
    by_number = (E.type == "shipment.tracking_updated") & (E.subject == shipment.shipment_id)
    by_waybill = (E.type == TRACKED) & (E.subject == shipment.waybill)
    rows = session.scalars(select(E).where(or_(by_number, by_waybill)))
    tracks = [
        TrackAnswer(
            source=row.partner,
            status=row.data["status"],
            occurred_at=row.data["occurred_at"],
            received_at=row.received_at,
            # Couriers note the name of who signed.
            note=visible_text(caller, row.data.get("note", "")),
        )
        for row in rows
    ]
    return sorted(tracks, key=lambda track: (track.occurred_at, track.received_at))
