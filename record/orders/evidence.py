"""The proof of delivery of an order, as it is sent to answer a dispute: parcels, times and signatures; nobody is
named."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.disputes import DISPUTE_DUE
from domain.errors import EvidenceRefused
from integrations.payments import Payments
from models.database import Sessions
from models.disputes import DisputeRow
from models.fulfillment import FulfillmentOrderRow, ShipmentRow
from models.order import OrderEventRow, OrderRow, ParcelElsewhereRow
from record.order_mapping import lock_order
from record.orders import disputes, payment_claims
from record.orders.alerts import call_to

GATEWAY = "payments"
D, F, S, E = DisputeRow, FulfillmentOrderRow, ShipmentRow, OrderEventRow


def evidence_of(session: Session, dispute: DisputeRow) -> dict[str, Any]:
    """Return what we know of the delivery: the receiver's name is only its first letter."""
    order = session.get_one(OrderRow, dispute.order_id)
    return {
        "channel_order_id": order.channel_order_id,
        "payment_reference": dispute.payment_reference,
        "placed_at": order.placed_at.isoformat(),
        "receiver": {
            "name": (order.receiver.get("name") or "")[:1],
            "country": order.country,
            "province": order.province,
        },
        "parcels": [*_ours(session, order), *_of_the_channel(session, order)],
    }


def ask_to_send(session: Session, dispute: DisputeRow, by: str) -> None:
    """Have the evidence sent: to the gateway by a run of its own, to anybody else by the person who asks. The order is
    locked."""
    if dispute.evidence_at is not None or dispute.evidence_by:
        return
    if not dispute.dispute_id.startswith(f"{GATEWAY}:"):
        disputes.mark_sent(session, dispute, by)
        return
    dispute.evidence_by = by
    payment_claims.ask_for_check(
        session, dispute.payment_reference, f"{dispute.dispute_id}:evidence:{datetime.now(UTC).isoformat()}"
    )


def send_asked(sessions: Sessions, payments: Payments, order_id: str) -> None:
    """Send the gateway what was asked for and not sent yet; a person is called where it refuses. Raises
    PartnerTrouble."""
    with sessions() as session:
        mine = D.order_id == order_id, D.evidence_at.is_(None), D.evidence_by != ""
        asked = [(row.dispute_id, evidence_of(session, row)) for row in session.scalars(select(D).where(*mine))]
    for dispute_id, evidence in asked:
        refusal = ""
        try:
            payments.send_evidence(dispute_id.partition(":")[2], evidence)
        except EvidenceRefused as error:
            refusal = error.code
        with sessions.begin() as session:
            lock_order(session, order_id)
            row = session.get_one(D, dispute_id, populate_existing=True)
            if not refusal:
                disputes.mark_sent(session, row, row.evidence_by)
                continue
            row.evidence_by = ""
            reason = f"the gateway takes no evidence for {dispute_id}: {refusal}"
            call_to(session, order_id, DISPUTE_DUE, reason, f"{dispute_id}:refused")


def _ours(session: Session, order: OrderRow) -> list[dict[str, Any]]:
    reports = select(E.data).where(E.order_id == order.order_id, E.type == "shipment.tracking_updated")
    signed = {
        data["fulfillment_order_id"]: data["signed"]
        for data in session.scalars(reports)
        if data.get("status") == "delivered" and "signed" in data
    }
    left = select(F, S).outerjoin(S, S.shipment_id == F.shipment_id)
    rows = session.execute(left.where(F.order_id == order.order_id, F.shipped_at.is_not(None)).order_by(F.number))
    return [
        {
            "carrier": shipment.carrier if shipment else "",
            "waybill": shipment.waybill if shipment else "",
            "shipped_at": _time(work.shipped_at),
            "delivered_at": _time(work.delivered_at or work.fetched_at),
            "signed": signed.get(work.fulfillment_order_id),
        }
        for work, shipment in rows
    ]


def _of_the_channel(session: Session, order: OrderRow) -> list[dict[str, Any]]:
    rows = select(ParcelElsewhereRow).where(ParcelElsewhereRow.order_id == order.order_id)
    return [
        {
            "carrier": row.carrier,
            "waybill": row.waybill,
            "shipped_at": _time(row.shipped_at),
            "delivered_at": _time(row.delivered_at),
            "signed": None,
        }
        for row in session.scalars(rows.order_by(ParcelElsewhereRow.shipped_at))
    ]


def _time(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
