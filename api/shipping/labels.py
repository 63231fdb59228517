"""Prints the label of each parcel of a shipment. Every print is counted, and a second one needs a reason."""

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from api.access import Caller
from api.dependencies import LabelPrinter, WithServices
from api.errors import FORBIDDEN, NOT_FOUND, REFUSED, Problem, invalid
from api.inputs import PathId
from api.openapi import responses
from api.schemas import NO_CONTROLS
from api.shipping.label_image import render
from api.shipping.shipment_view import find_shipment, parcels_of
from domain.labels import Label, Party, masked_receiver, wishes_of
from domain.money import Money
from domain.people import redact
from models.cash import CashCollectionRow
from models.fulfillment import FulfillmentOrderRow, ShipmentRow
from models.order import OrderEventRow, OrderRow
from models.stock import LocationRow

router = APIRouter(tags=["shipments"])

Format = Literal["png", "pdf"]
MEDIA = {"png": "image/png", "pdf": "application/pdf"}


@router.get(
    "/shipments/{shipment_id}/label",
    summary="Print the label",
    response_class=Response,
    responses={
        **responses({}, FORBIDDEN, NOT_FOUND, REFUSED),
        200: {"description": "100 × 150 mm at 203 dpi", "content": {kind: {} for kind in MEDIA.values()}},
    },
)
def print_label(
    shipment_id: PathId,
    caller: LabelPrinter,
    services: WithServices,
    format: Annotated[Format, Query(description="`pdf` has a page a parcel, `png` is one parcel")] = "png",
    parcel: Annotated[int, Query(ge=1, le=1_000, description="Which parcel, for `png`")] = 1,
    reason: Annotated[str, Query(max_length=300, pattern=NO_CONTROLS, description="Why it is printed again")] = "",
) -> Response:
    """With both barcodes: the carrier's number and the parcel's SSCC. Name, phone and door of the receiver are masked
    (GB/T 41833). Who printed it and why is kept in the log of the order."""
    with services.sessions.begin() as session:
        shipment, orders = find_shipment(session, shipment_id, caller, lock=True)
        labels = _labels(session, shipment, orders[0] if orders else None)
        if parcel > len(labels):
            raise invalid("parcel", f"the shipment has {len(labels)} parcels")
        _count(session, shipment, orders, caller, format, reason.strip())
    image = render(labels if format == "pdf" else labels[parcel - 1 :], format)
    # No cache may keep a label, since each print is counted.
    return Response(image, media_type=MEDIA[format], headers={"Cache-Control": "no-store"})


def _labels(session: Session, shipment: ShipmentRow, order: OrderRow | None) -> list[Label]:
    parcels = parcels_of(session, shipment.shipment_id)
    if shipment.voided_at is not None or order is None:
        raise Problem(REFUSED, "the waybill is void")
    if not parcels:
        raise Problem(REFUSED, "the warehouse has packed no parcel")
    if not order.receiver:
        raise Problem(REFUSED, "the receiver was erased")
    here = select(FulfillmentOrderRow.location_id).where(FulfillmentOrderRow.shipment_id == shipment.shipment_id)
    place = session.scalars(select(LocationRow).where(LocationRow.location_id.in_(here))).one()
    cash = session.get(CashCollectionRow, shipment.shipment_id)
    collect = f"{Money(cash.amount_minor, cash.currency).text} {cash.currency}" if cash and cash.amount_minor else ""
    region = " ".join(part for part in (place.country, place.province) if part)
    receiver = order.receiver | {"country": order.country, "province": order.province} | order.repaired_region
    return [
        Label(
            carrier=shipment.carrier,
            service=shipment.service,
            waybill=shipment.waybill,
            sscc=one.sscc,
            number=one.number,
            count=len(parcels),
            weight_grams=one.weight_grams,
            shipment_id=shipment.shipment_id,
            sender=Party(place.name, "", region, place.location_id),
            receiver=masked_receiver(receiver),
            wishes=wishes_of(order.instructions),
            # Of several boxes one has the amount, or it would be collected for each.
            collect=collect if one.number == 1 else "",
        )
        for one in parcels
    ]


def _count(
    session: Session, shipment: ShipmentRow, orders: Sequence[OrderRow], caller: Caller, format: Format, reason: str
) -> None:
    if shipment.label_prints and not reason:
        raise invalid("reason", f"it was printed {shipment.label_prints} times: say why it is printed again")
    shipment.label_prints += 1
    data = {"shipment_id": shipment.shipment_id, "print": shipment.label_prints, "format": format}
    key = f"{shipment.shipment_id}:label:{shipment.label_prints}"
    fact = {"type": "shipment.label_printed", "key": key, "actor": caller.name}
    for order in orders:
        values = fact | {"order_id": order.order_id, "data": data | {"reason": redact(reason, order.receiver)}}
        session.execute(insert(OrderEventRow).values(values).on_conflict_do_nothing())
