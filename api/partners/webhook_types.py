"""The webhook types of each partner: a line for each type of docs/partners.md, with its body and its subject."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from api.partners.arrival_schemas import PurchaseOrder, PurchaseOrderCanceled, StockDelta, StockReceived, StockSnapshot
from api.partners.webhook_schemas import (
    Disputed,
    InterceptionAnswer,
    Packed,
    ParcelReturned,
    PaymentTold,
    Picked,
    Picking,
    PickRejected,
    RefundTold,
    ReturnInspected,
    ReturnReceived,
    ReturnRequested,
    ReturnTracking,
    Tracking,
    WebhookBody,
)
from domain.ids import channel_order_subject


class Webhook(NamedTuple):
    """The body of one type, and the function that finds its subject."""

    body: type[WebhookBody[Any]]
    subject: Callable[[Any], str]


def _about(body: type[WebhookBody[Any]], field: str) -> Webhook:
    return Webhook(body, lambda data: str(getattr(data, field)))


WEBHOOKS: Mapping[str, Mapping[str, Webhook]] = {
    "wms": {
        "fulfillment_order.accepted": _about(WebhookBody[Picking], "fulfillment_order_id"),
        "fulfillment_order.picking": _about(WebhookBody[Picking], "fulfillment_order_id"),
        "fulfillment_order.picked": _about(WebhookBody[Picked], "fulfillment_order_id"),
        "fulfillment_order.packed": _about(WebhookBody[Packed], "fulfillment_order_id"),
        "fulfillment_order.rejected": _about(WebhookBody[PickRejected], "fulfillment_order_id"),
        "fulfillment_order.returned": _about(WebhookBody[ParcelReturned], "fulfillment_order_id"),
        "return.received": _about(WebhookBody[ReturnReceived], "return_id"),
        "return.inspected": _about(WebhookBody[ReturnInspected], "return_id"),
        "stock.snapshot": Webhook(WebhookBody[StockSnapshot], lambda data: f"stock:{data.snapshot_id}"),
        "stock.delta": Webhook(WebhookBody[StockDelta], lambda data: f"stock:{data.delta_id}"),
    },
    "tms": {
        "shipment.tracking_updated": _about(WebhookBody[Tracking], "shipment_id"),
        "shipment.interception_answered": _about(WebhookBody[InterceptionAnswer], "shipment_id"),
        "return.tracking_updated": _about(WebhookBody[ReturnTracking], "return_id"),
    },
    "payments": {
        "payment.captured": _about(WebhookBody[PaymentTold], "payment_reference"),
        "payment.failed": _about(WebhookBody[PaymentTold], "payment_reference"),
        "payment.voided": _about(WebhookBody[PaymentTold], "payment_reference"),
        "refund.succeeded": _about(WebhookBody[RefundTold], "payment_reference"),
        "refund.failed": _about(WebhookBody[RefundTold], "payment_reference"),
        "dispute.opened": _about(WebhookBody[Disputed], "payment_reference"),
        "dispute.updated": _about(WebhookBody[Disputed], "payment_reference"),
        "dispute.won": _about(WebhookBody[Disputed], "payment_reference"),
        "dispute.lost": _about(WebhookBody[Disputed], "payment_reference"),
    },
    "crm": {
        "return.requested": Webhook(
            WebhookBody[ReturnRequested], lambda data: channel_order_subject(data.channel, data.channel_order_id)
        ),
    },
    "erp": {
        "purchase_order.placed": _about(WebhookBody[PurchaseOrder], "purchase_order_id"),
        "purchase_order.changed": _about(WebhookBody[PurchaseOrder], "purchase_order_id"),
        "purchase_order.canceled": _about(WebhookBody[PurchaseOrderCanceled], "purchase_order_id"),
        "stock.received": Webhook(WebhookBody[StockReceived], lambda data: f"stock:{data.receipt_id}"),
    },
}
