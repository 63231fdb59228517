"""Events of channel webhooks, and the bodies by which parcels are uploaded to channels."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from integrations.channels.reading import Unreadable
from integrations.channels.registry import TRANSLATORS
from integrations.channels.translated import Event, Kind, Shipped, ShippedLine, Shop, ThinEvent
from tests.channels.payloads import CHANNELS, parsed

SHOPIFY, WOO = "X-Shopify-Topic", "X-WC-Webhook-Topic"
WECHAT_PAID = {"Event": "channels_ec_order_pay", "CreateTime": 1767225690, "order_info": {"order_id": "37046"}}
WECHAT_REFUND = {
    "Event": "channels_ec_aftersale_update",
    "CreateTime": 1767225690,
    "finder_shop_aftersale_status_update": {
        "order_id": "37046",
        "after_sale_order_id": "2000",
        "status": "USER_CANCELD",
    },
}
AMAZON_CHANGE = {
    "NotificationType": "ORDER_CHANGE",
    "NotificationMetadata": {"NotificationId": "n-1"},
    "Payload": {"OrderChangeNotification": {"AmazonOrderId": "902-1", "Summary": {"OrderStatus": "Canceled"}}},
}
DOUYIN = [
    {"tag": "0", "msg_id": "0", "data": "probe"},
    {"tag": "101", "msg_id": "m-1", "data": '{"p_id": 6917, "s_ids": [6918]}'},
    {"tag": "106", "msg_id": "m-2", "data": {"p_id": "6919"}},
]
TABLE: list[tuple[str, dict[str, str], Any, tuple[Event, ...]]] = [
    ("shopify", {SHOPIFY.lower(): "orders/create"}, {}, (Kind.CREATE,)),
    ("shopify", {SHOPIFY: "orders/paid"}, {}, (Kind.PAID,)),
    ("shopify", {SHOPIFY: "orders/cancelled"}, {}, (Kind.CANCELED,)),
    ("shopify", {SHOPIFY: "orders/delete"}, {"id": 7}, (ThinEvent("7", Kind.CANCELED),)),
    ("shopify", {SHOPIFY: "refunds/create"}, {"id": 1, "order_id": 7}, (ThinEvent("7", Kind.UPDATED),)),
    ("shopify", {SHOPIFY: "returns/request"}, {"id": 1, "order": {"id": 7}}, (ThinEvent("7", Kind.REFUND_ASKED),)),
    ("shopify", {SHOPIFY: "products/update"}, {"id": 7}, ()),
    ("woocommerce", {WOO: "order.created"}, {}, (Kind.CREATE,)),
    ("woocommerce", {WOO: "order.updated"}, {}, (Kind.UPDATED,)),
    ("woocommerce", {WOO: "order.deleted"}, {"id": 7}, (ThinEvent("7", Kind.CANCELED),)),
    ("woocommerce", {}, b"webhook_id=3", ()),
    (
        "taobao",
        {},
        {"topic": "taobao_trade_TradeBuyerPay", "id": 5, "content": '{"tid": 28}'},
        (ThinEvent("28", Kind.PAID, "5"),),
    ),
    (
        "taobao",
        {},
        {"topic": "taobao_refund_RefundCreated", "content": {"tid": 28}},
        (ThinEvent("28", Kind.REFUND_ASKED),),
    ),
    ("taobao", {}, {"topic": "taobao_item_ItemAdd", "content": "{}"}, ()),
    ("jd", {}, {"orderId": 2987, "orderState": "NOT_PAY"}, (ThinEvent("2987"),)),
    ("jd", {}, {"hello": "there"}, ()),
    ("douyin", {}, DOUYIN, (ThinEvent("6917", Kind.PAID, "m-1"), ThinEvent("6919", Kind.CANCELED, "m-2"))),
    ("wechat", {}, WECHAT_PAID, (ThinEvent("37046", Kind.PAID, "channels_ec_order_pay-37046-1767225690"),)),
    (
        "wechat",
        {},
        WECHAT_REFUND,
        (ThinEvent("37046", Kind.REFUND_ASKED, "channels_ec_aftersale_update-37046-1767225690"),),
    ),
    ("wechat", {}, {"Event": "user_pay"}, ()),
    ("amazon", {}, AMAZON_CHANGE, (ThinEvent("902-1", Kind.CANCELED, "n-1"),)),
    ("amazon", {}, {"NotificationType": "PRICING_HEALTH"}, ()),
    ("pos", {}, {"voided": True}, (Kind.CANCELED,)),
    (
        "plain",
        {"Webhook-Id": "msg_1"},
        {"type": "order.canceled", "data": {"channel_order_id": "M-1"}},
        (ThinEvent("M-1", Kind.CANCELED, "msg_1"),),
    ),
    ("plain", {}, {"type": "order.created", "data": {"lines": [{}]}}, (Kind.CREATE,)),
    ("plain", {}, {"type": "stock.low", "data": {}}, ()),
]


@pytest.mark.parametrize(("channel", "headers", "payload", "events"), TABLE)
def test_a_webhook_gives_its_events(
    channel: str, headers: dict[str, str], payload: Any, events: tuple[Event, ...]
) -> None:
    events_of = TRANSLATORS[channel].events
    assert events_of is not None
    assert events_of(headers, payload) == events
    if not isinstance(payload, bytes):
        assert events_of(headers, json.dumps(payload).encode()) == events


@pytest.mark.parametrize("channel", sorted(set(CHANNELS) - {"shopify", "woocommerce"}))
def test_a_whole_order_as_payload_gives_a_bare_kind(channel: str) -> None:
    events_of = TRANSLATORS[channel].events
    assert events_of is not None
    assert all(isinstance(event, Kind) for event in events_of({}, parsed(channel, "ordinary")))
    assert events_of({}, parsed(channel, "ordinary"))


def test_a_thin_event_without_its_order_is_unreadable() -> None:
    events_of = TRANSLATORS["shopify"].events
    assert events_of is not None
    with pytest.raises(Unreadable) as refused:
        events_of({SHOPIFY: "orders/delete"}, {})
    assert refused.value.field == "id"


SHIPPED = Shipped("501", "SF Express", "SF1234567890", datetime(2026, 1, 2, 3, tzinfo=UTC), (ShippedLine("11:12", 2),))
UPLOADS: dict[str, dict[str, Any]] = {
    "woocommerce": {
        "tracking_provider": "SF",
        "tracking_number": "SF1234567890",
        "date_shipped": "2026-01-02",
        "status_shipped": 1,
    },
    "taobao": {"tid": "501", "out_sid": "SF1234567890", "company_code": "SF", "is_split": 1, "sub_tid": "11:12"},
    "jd": {"orderId": "501", "logiCoprId": "SF", "logiNo": "SF1234567890"},
    "douyin": {
        "order_id": "501",
        "pack_list": [
            {
                "shipped_order_info": [{"shipped_order_id": "11:12", "shipped_num": 2}],
                "logistics_code": "SF1234567890",
                "company_code": "SF",
            }
        ],
    },
    "wechat": {
        "order_id": "501",
        "delivery_list": [
            {
                "delivery_id": "SF",
                "waybill_id": "SF1234567890",
                "deliver_type": 1,
                "product_infos": [{"product_id": "11", "sku_id": "12", "product_cnt": 2}],
            }
        ],
    },
    "amazon": {
        "marketplaceId": "A1",
        "packageDetail": {
            "packageReferenceId": "1",
            "carrierCode": "SF",
            "trackingNumber": "SF1234567890",
            "shipDate": "2026-01-02T03:00:00+00:00",
            "orderItems": [{"orderItemId": "11:12", "quantity": 2}],
        },
    },
    "plain": {
        "channel_order_id": "501",
        "carrier": "SF",
        "waybill": "SF1234567890",
        "shipped_at": "2026-01-02T03:00:00+00:00",
        "lines": [{"channel_line_id": "11:12", "quantity": 2}],
    },
}


@pytest.mark.parametrize("channel", UPLOADS)
def test_a_parcel_is_uploaded_in_the_channels_own_format(channel: str) -> None:
    upload = TRANSLATORS[channel].upload_shipment
    assert upload is not None
    shop = Shop(channel, marketplace="A1", carriers={"SF Express": "SF"})
    assert upload(SHIPPED, shop) == UPLOADS[channel]


def test_shopify_gets_a_parcel_for_its_fulfillment_order() -> None:
    upload = TRANSLATORS["shopify"].upload_shipment
    assert upload is not None
    shipped = Shipped("501", "UPS", "1Z999", SHIPPED.shipped_at, (ShippedLine("7", 1),))
    assert upload(shipped) == {
        "fulfillment": {
            "line_items_by_fulfillment_order": [
                {"fulfillment_order_id": 501, "fulfillment_order_line_items": [{"id": 7, "quantity": 1}]}
            ],
            "tracking_info": {"company": "UPS", "number": "1Z999"},
            "notify_customer": False,
        }
    }
