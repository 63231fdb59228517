"""Fulfillment orders at a warehouse or carrier, written as rows, and webhooks about them."""

from sqlalchemy import text

from domain.stock.movements import Movement
from models.database import Sessions
from models.fulfillment import FulfillmentLineRow, FulfillmentOrderRow, ShipmentRow
from models.order import OrderRow
from record.stock import ledger
from tests.factories import LAMP, an_order, place_orders, stock_shop, store_webhook

Event = tuple[str, str]


def at_work(sessions: Sessions, number: int, status: str = "released", booked: bool = False) -> list[str]:
    """Place orders of one lamp each, with a fulfillment order in Hangzhou; return their ids."""
    stock_shop(sessions, {"HANGZHOU": {LAMP: number}})
    orders = place_orders(sessions, [an_order([(LAMP, 1)]) for _ in range(number)], "in_progress")
    with sessions.begin() as session:
        ledger.post(session, [Movement("allocated", LAMP, "HANGZHOU", number)], None, "planted")
        for order_id in orders:
            if booked:
                waybill = {"carrier": "SF", "waybill": f"SF-{order_id}", "tracking_status": "pre_transit"}
                session.add(ShipmentRow(shipment_id=shipment_of(order_id), **waybill))
                session.flush()
            work = {"order_id": order_id, "number": 1, "location_id": "HANGZHOU", "reason": "near", "status": status}
            shipment = shipment_of(order_id) if booked else None
            session.add(FulfillmentOrderRow(fulfillment_order_id=work_of(order_id), shipment_id=shipment, **work))
            session.flush()
            line = {"sku": LAMP, "quantity": 1, "allocated": 1}
            session.add(FulfillmentLineRow(fulfillment_order_id=work_of(order_id), **line))
        promised = "UPDATE orders SET due = 'ship', promised_ship_by = now(), promised_deliver_by = now()"
        session.execute(text(promised))
    return orders


def work_of(order_id: str) -> str:
    return f"{order_id}-1"


def shipment_of(order_id: str) -> str:
    return f"{order_id}-1-S1"


def report(sessions: Sessions, order_id: str, what: str) -> Event:
    """Store a webhook of this kind about the order's work."""
    name = work_of(order_id)
    if what in ("in_transit", "out_for_delivery", "delivered"):
        at = {"in_transit": "01", "out_for_delivery": "02", "delivered": "03"}[what]
        data = {"shipment_id": shipment_of(order_id), "status": what, "occurred_at": f"2026-05-{at}T08:00:00+00:00"}
        return store_webhook(sessions, "tms", "shipment.tracking_updated", data["shipment_id"], **data)
    told = {
        "picked": {"lines": [{"sku": LAMP, "quantity": 1}]},
        "packed": {"parcels": [{"weight_grams": 1100}]},
        "returned": {"location_id": "HANGZHOU"},
        "rejected": {"reason": "the lamps are wet"},
    }
    return store_webhook(
        sessions, "wms", f"fulfillment_order.{what}", name, fulfillment_order_id=name, **told.get(what, {})
    )


def status_of(sessions: Sessions, order_id: str) -> str:
    with sessions() as session:
        return session.get_one(FulfillmentOrderRow, work_of(order_id)).status


def attention_of(sessions: Sessions, order_id: str) -> str | None:
    with sessions() as session:
        return session.get_one(OrderRow, order_id).attention
