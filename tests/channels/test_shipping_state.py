"""What each platform says of its shipping becomes parcels: of the whole order, of a part, or none."""

from datetime import UTC, datetime
from typing import Any

import pytest

from domain.elsewhere import ParcelElsewhere, resolve, units_by_line
from integrations.channels.reading import Unreadable
from integrations.channels.registry import TRANSLATORS
from tests.channels.payloads import CHANNELS, parsed


def parcels(channel: str, payload: Any) -> list[ParcelElsewhere]:
    translated = TRANSLATORS[channel].translate(payload)
    return resolve(translated.elsewhere, {line.line_no: line.quantity for line in translated.order.lines})


def units(channel: str, payload: Any) -> dict[int, int]:
    return dict(units_by_line(parcels(channel, payload)))


def shopify(*fulfillments: dict[str, Any], status: str | None = "partial") -> dict[str, Any]:
    order: dict[str, Any] = parsed("shopify", "ordinary")
    return order | {"fulfillments": list(fulfillments), "fulfillment_status": status}


def fulfilled(line: int, quantity: int, waybill: str = "1Z1", **changes: Any) -> dict[str, Any]:
    item = parsed("shopify", "ordinary")["line_items"][line]
    about = {"id": f"F-{waybill}", "status": "success", "created_at": "2026-03-03T10:00:00-05:00"}
    tracking = {"tracking_company": "UPS", "tracking_number": waybill}
    return about | tracking | {"line_items": [{"id": item["id"], "quantity": quantity}]} | changes


def taobao(*statuses: str, **trade: Any) -> dict[str, Any]:
    payload: dict[str, Any] = parsed("taobao", "ordinary")
    whole = payload["trade_fullinfo_get_response"]["trade"]
    whole |= {"consign_time": "2026-06-19 10:00:00", "end_time": "2026-06-25 10:00:00"} | trade
    for number, (order, status) in enumerate(zip(whole["orders"]["order"], statuses, strict=True)):
        order |= {"status": status, "invoice_no": f"SF{number}", "logistics_company": "顺丰速运"}
    return payload


def jd(state: str, **order: Any) -> dict[str, Any]:
    payload: dict[str, Any] = parsed("jd", "ordinary")
    about = {
        "orderState": state,
        "waybill": "JDVA1|JDVA2",
        "logisticsId": "2087",
        "orderEndTime": "2026-11-15 12:00:00",
    }
    payload["jingdong_pop_order_get_responce"]["orderDetailInfo"]["orderInfo"] |= about | order
    return payload


def douyin(status: int, *parcels: dict[str, Any], suborders: tuple[int, ...] = ()) -> dict[str, Any]:
    payload: dict[str, Any] = parsed("douyin", "ordinary")
    order = payload["data"]["shop_order_detail"]
    order |= {"order_status": status, "logistics_info": list(parcels), "finish_time": 1767500000}
    for item, of_item in zip(order["sku_order_list"], suborders, strict=False):
        item["order_status"] = of_item
    return payload


def wechat(status: int, *parcels: dict[str, Any]) -> dict[str, Any]:
    payload: dict[str, Any] = parsed("wechat", "ordinary")
    payload["order"]["status"] = status
    payload["order"]["order_detail"]["delivery_info"]["delivery_product_info"] = list(parcels)
    return payload


def amazon(status: str, *shipped: int, channel: str = "MFN") -> dict[str, Any]:
    payload: dict[str, Any] = parsed("amazon", "ordinary")
    order = payload["order"].get("payload", payload["order"])
    order |= {"OrderStatus": status, "FulfillmentChannel": channel}
    answer = payload["orderItems"].get("payload", payload["orderItems"])
    for item, number in zip(answer["OrderItems"], shipped, strict=False):
        item["QuantityShipped"] = number
    return payload


def plain(*shipped: dict[str, Any]) -> dict[str, Any]:
    payload: dict[str, Any] = parsed("plain", "ordinary")
    return payload | {"shipped_elsewhere": list(shipped)}


DOUYIN_PARCEL = {
    "tracking_no": "YT1",
    "company_name": "圆通",
    "ship_time": 1767300000,
    "product_info": [{"sku_order_id": "6917000000000000003", "product_count": 1}],
}
WECHAT_PARCEL = {
    "waybill_id": "SF9",
    "delivery_id": "SF",
    "delivery_time": 1767300000,
    "product_infos": [{"product_id": "10000075098058", "sku_id": "1116121506", "product_cnt": 2}],
}
PART_SHIPPED = [
    ("shopify", shopify(fulfilled(0, 1)), {1: 1}),
    ("shopify", shopify(fulfilled(0, 1), fulfilled(1, 1, "1Z2", status="cancelled")), {1: 1}),
    ("shopify", shopify(fulfilled(0, 1, line_items=[{"id": 1, "quantity": 1}])), {}),
    ("taobao", taobao("WAIT_BUYER_CONFIRM_GOODS", "WAIT_SELLER_SEND_GOODS", status="SELLER_CONSIGNED_PART"), {1: 1}),
    ("douyin", douyin(101, DOUYIN_PARCEL), {2: 1}),
    ("douyin", douyin(101, suborders=(3, 2)), {1: 1}),
    ("wechat", wechat(21, WECHAT_PARCEL), {2: 2}),
    ("amazon", amazon("PartiallyShipped", 1), {1: 1}),
    ("plain", plain({"waybill": "SF1", "lines": [{"line_no": 1, "quantity": 1}]}), {1: 1}),
]
WHOLE = [
    ("shopify", shopify(status="fulfilled")),
    ("woocommerce", parsed("woocommerce", "ordinary") | {"status": "completed"}),
    ("taobao", taobao("TRADE_FINISHED", "TRADE_FINISHED", status="TRADE_FINISHED")),
    ("jd", jd("WAIT_GOODS_RECEIVE_CONFIRM")),
    ("jd", jd("FINISHED_L")),
    ("douyin", douyin(3)),
    ("wechat", wechat(30)),
    ("amazon", amazon("Shipped", 1, 2)),
    ("amazon", amazon("Unshipped", channel="AFN")),
    ("pos", parsed("pos", "ordinary")),
    ("plain", plain({"carrier": "SF"})),
]
NOT_SHIPPED = [
    ("shopify", shopify(fulfilled(0, 1, status="cancelled"), status=None)),
    ("woocommerce", parsed("woocommerce", "ordinary")),
    ("taobao", taobao("WAIT_SELLER_SEND_GOODS", "WAIT_SELLER_SEND_GOODS")),
    ("taobao", taobao("TRADE_CLOSED", "TRADE_CLOSED", status="TRADE_CLOSED")),
    ("jd", jd("WAIT_SELLER_STOCK_OUT")),
    ("jd", jd("TRADE_CANCELED")),
    ("douyin", douyin(2)),
    ("douyin", douyin(21, DOUYIN_PARCEL)),
    ("wechat", wechat(20)),
    ("wechat", wechat(250)),
    ("amazon", amazon("Unshipped")),
    ("amazon", amazon("Canceled", channel="AFN")),
    ("pos", parsed("pos", "ordinary") | {"voided": True}),
    ("pos", parsed("pos", "quirky")),
    ("plain", parsed("plain", "ordinary")),
]


@pytest.mark.parametrize(("channel", "payload", "expected"), PART_SHIPPED)
def test_a_part_that_was_shipped_is_named_by_its_lines(channel: str, payload: Any, expected: dict[int, int]) -> None:
    assert units(channel, payload) == expected


@pytest.mark.parametrize(("channel", "payload"), WHOLE)
def test_an_order_that_was_shipped_has_all_its_units_in_parcels(channel: str, payload: Any) -> None:
    lines = TRANSLATORS[channel].translate(payload).order.lines

    assert units(channel, payload) == {line.line_no: line.quantity for line in lines}


@pytest.mark.parametrize(("channel", "payload"), NOT_SHIPPED)
def test_an_order_that_was_not_shipped_has_no_parcel(channel: str, payload: Any) -> None:
    assert parcels(channel, payload) == []


def test_every_channel_is_proved() -> None:
    assert {channel for channel, *_ in (*PART_SHIPPED, *WHOLE)} == set(CHANNELS)


def test_a_parcel_has_its_carrier_waybill_and_times() -> None:
    [ups] = parcels("shopify", shopify(fulfilled(0, 1, shipment_status="delivered", updated_at="2026-03-05T10:00:00Z")))
    first, second = parcels("taobao", taobao("TRADE_FINISHED", "TRADE_FINISHED", status="TRADE_FINISHED"))
    [yuantong] = parcels("douyin", douyin(101, DOUYIN_PARCEL))
    [ours] = parcels("jd", jd("FINISHED_L"))

    assert (ups.carrier, ups.waybill, ups.key) == ("UPS", "1Z1", "F-1Z1")
    assert ups.delivered_at == datetime(2026, 3, 5, 10, tzinfo=UTC)
    assert [first.waybill, second.waybill] == ["SF0", "SF1"]
    assert first.delivered_at == datetime(2026, 6, 25, 2, tzinfo=UTC)
    assert (yuantong.carrier, yuantong.waybill, yuantong.delivered_at) == ("圆通", "YT1", None)
    assert (ours.carrier, ours.waybill) == ("2087", "JDVA1")


def test_woocommerces_tracking_extension_names_the_waybill() -> None:
    tracking = [
        {"tracking_provider": "DHL", "tracking_number": "JJD1"},
        {"custom_tracking_provider": "Hermes", "tracking_number": "H2"},
    ]
    order = parsed("woocommerce", "ordinary")
    order |= {"status": "completed", "meta_data": [{"key": "_wc_shipment_tracking_items", "value": tracking}]}

    named = TRANSLATORS["woocommerce"].translate(order).elsewhere

    assert [(one.carrier, one.waybill) for one in named] == [("DHL", "JJD1"), ("Hermes", "H2")]


def test_jd_names_all_waybills_of_an_order_in_one_field() -> None:
    named = TRANSLATORS["jd"].translate(jd("WAIT_GOODS_RECEIVE_CONFIRM", waybill=" JDVA1 |JDVA2,SF3|")).elsewhere

    assert [one.waybill for one in named] == ["JDVA1", "JDVA2", "SF3"]


def test_what_amazon_fulfills_itself_is_shipped_when_it_says_so() -> None:
    [waiting] = parcels("amazon", amazon("Unshipped", channel="AFN"))
    [left] = parcels("amazon", amazon("Shipped", channel="AFN"))

    assert (waiting.shipped_at, waiting.carrier) == (None, "Amazon")
    assert left.shipped_at is not None


def test_of_an_order_that_amazon_has_begun_to_ship_the_rest_is_waited_for() -> None:
    begun, waiting = parcels("amazon", amazon("PartiallyShipped", 1, 1, channel="AFN"))

    assert (begun.lines, begun.shipped_at is not None) == (((1, 1), (2, 1)), True)
    assert (waiting.lines, waiting.shipped_at) == (((2, 1),), None)


@pytest.mark.parametrize(
    ("parcel", "field"),
    [
        ({"lines": [{"line_no": 9, "quantity": 1}]}, "shipped_elsewhere[0].lines[0].line_no"),
        ({"lines": [{"line_no": 1}]}, "shipped_elsewhere[0].lines[0].quantity"),
        ({"color": "red"}, "shipped_elsewhere[0].color"),
        ({"shipped_at": "yesterday"}, "shipped_elsewhere[0].shipped_at"),
    ],
)
def test_a_wrong_parcel_of_the_plain_form_names_its_field(parcel: dict[str, Any], field: str) -> None:
    with pytest.raises(Unreadable) as refused:
        TRANSLATORS["plain"].translate(plain(parcel))

    assert refused.value.field == field
