"""Corrections of a shipment after it was booked."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.fulfillment import FulfillmentOrderRow, ShipmentRow
from models.messaging import PartnerEventRow
from record import journal


def correct_carrier(session: Session, row: FulfillmentOrderRow, shipment: ShipmentRow, event: PartnerEventRow) -> None:
    """Set the carrier that the tracking service found to have the parcel, and log it."""
    carrier, before = str(event.data["carrier"]), shipment.carrier
    taken = select(ShipmentRow.shipment_id).where(
        ShipmentRow.carrier == carrier, ShipmentRow.waybill == shipment.waybill
    )
    if carrier != before and session.scalar(taken) is None:
        shipment.carrier = carrier
    if shipment.carrier == carrier:
        data = {"shipment_id": shipment.shipment_id, "carrier": carrier, "before": event.data["formerly"]}
        key = f"{shipment.shipment_id}:carrier:{carrier}"
        journal.append_fact(session, row.order_id, "shipment.carrier_corrected", key, data, event.partner)
