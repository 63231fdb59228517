"""Every channel's samples: an ordinary order, one with the platform's quirks, and one that cannot be read."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from integrations.channels import plain, shopify
from integrations.channels.reading import Unreadable
from integrations.channels.registry import TRANSLATORS
from integrations.channels.translated import Shop
from tests.channels.payloads import CHANNELS, as_json, expected, parsed, sample

READABLE = [(channel, name) for channel in CHANNELS for name in ("ordinary", "quirky")]
BROKEN = {
    "plain": "lines[0].colour",
    "shopify": "line_items[0].price",
    "woocommerce": "line_items[0].quantity",
    "taobao": "trade_fullinfo_get_response.trade.created",
    "jd": "jingdong_pop_order_get_responce.orderDetailInfo.orderInfo.itemInfoList[0].itemTotal",
    "douyin": "data.shop_order_detail.sku_order_list[0].origin_amount",
    "wechat": "order.order_detail.price_info.order_price",
    "amazon": "orderItems.payload.NextToken",
    "pos": "items[0].sku",
}


@pytest.mark.parametrize(("channel", "name"), READABLE)
def test_a_sample_becomes_exactly_this_order(channel: str, name: str) -> None:
    assert as_json(TRANSLATORS[channel].translate(sample(channel, name))) == expected(f"{channel}-{name}")


@pytest.mark.parametrize(("channel", "name"), READABLE)
def test_bytes_text_and_object_read_the_same(channel: str, name: str) -> None:
    translate = TRANSLATORS[channel].translate

    translated = [
        translate(sample(channel, name)),
        translate(sample(channel, name).decode()),
        translate(parsed(channel, name)),
    ]

    assert translated[0] == translated[1] == translated[2]


@pytest.mark.parametrize(("channel", "name"), READABLE)
def test_lines_less_discount_plus_shipping_and_tax_are_the_grand_total(channel: str, name: str) -> None:
    order = TRANSLATORS[channel].translate(sample(channel, name)).order

    assert order.sum_of_parts == order.grand_total


def test_a_wrong_total_of_the_channel_is_kept_for_the_audit() -> None:
    payload = parsed("shopify", "ordinary") | {"total_price": "293.08"}

    order = shopify.translate(payload).order

    assert (order.grand_total - order.sum_of_parts).text == "0.01"


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_broken_sample_names_its_field(channel: str) -> None:
    with pytest.raises(Unreadable) as refused:
        TRANSLATORS[channel].translate(sample(channel, "broken"))

    assert refused.value.field == BROKEN[channel]
    assert refused.value.detail == f"{refused.value.field}: {refused.value.reason}"


@pytest.mark.parametrize("payload", [b"", b"\xff\xfe{}", "{", "[]", b"null", "1", "[" * 100_000, "{}"])
@pytest.mark.parametrize("channel", CHANNELS)
def test_a_payload_that_is_no_object_is_unreadable(channel: str, payload: Any) -> None:
    with pytest.raises(Unreadable):
        TRANSLATORS[channel].translate(payload)


def test_an_account_gives_its_channel_and_salt() -> None:
    ours = shopify.translate(sample("shopify", "quirky"), Shop("shopify-eu", salt="pepper")).order
    plain = shopify.translate(sample("shopify", "quirky")).order

    assert ours.channel == "shopify-eu"
    assert ours.customer_id != plain.customer_id


def test_a_guest_gets_the_same_token_for_the_same_email_and_it_hides_the_email() -> None:
    once = parsed("shopify", "quirky")
    again = {"order": once["order"] | {"id": 9, "email": "guest@example.com "}}

    first, second = shopify.translate(once).order, shopify.translate(again).order

    assert first.customer_id == second.customer_id
    assert "guest@example.com" not in first.customer_id


@pytest.mark.parametrize("phone", ["+8613812345678", "13812345678", "8613812345678"])
def test_a_customer_id_that_is_the_phone_number_becomes_a_token(phone: str) -> None:
    order = parsed("plain", "ordinary")

    translated = plain.translate(json.dumps(order | {"customer": {"customer_id": phone}})).order

    assert order["ship_to"]["phone"].endswith("13812345678")
    assert translated.customer_id.startswith("customer-")
    assert "13812345678" not in translated.customer_id


def test_an_order_of_a_thousand_lines_is_translated() -> None:
    order = parsed("shopify", "ordinary")
    order["line_items"] = [order["line_items"][1] | {"id": n} for n in range(1_000)]

    lines = shopify.translate(json.dumps(order)).order.lines

    assert [line.line_no for line in lines] == list(range(1, 1_001))
    assert [line.channel_line_id for line in lines] == [str(n) for n in range(1_000)]


def test_too_many_lines_are_refused_by_field() -> None:
    order = parsed("shopify", "ordinary")
    order["line_items"] *= 1_001

    with pytest.raises(Unreadable) as refused:
        shopify.translate(order)

    assert refused.value.field == "line_items"


@pytest.mark.parametrize(
    ("price", "minor"), [("19.9", 1990), (19.9, 1990), (19, 1900), ("19.900000000000002", 1990), ("1e1", 1000)]
)
def test_amounts_may_be_written_as_floats(price: Any, minor: int) -> None:
    order = parsed("shopify", "ordinary")
    order["line_items"][0]["price"] = price

    assert shopify.translate(order).order.lines[0].unit_price.minor_units == minor


@pytest.mark.parametrize("price", ["19.905", "1,000.00", "NaN", "Infinity", "-1", "1_0", "１９", "1e20", [], {"a": 1}])
def test_malformed_amounts_are_refused(price: Any) -> None:
    order = parsed("shopify", "ordinary")
    order["line_items"][0]["price"] = price

    with pytest.raises(Unreadable) as refused:
        shopify.translate(order)

    assert refused.value.field == "line_items[0].price"


def test_local_times_are_in_the_zone_of_the_shop() -> None:
    placed_at = TRANSLATORS["taobao"].translate(sample("taobao", "ordinary")).order.placed_at

    assert placed_at == datetime(2026, 6, 17, 16, 0, 3, tzinfo=UTC)


def test_a_page_of_a_list_is_split_into_orders() -> None:
    order = parsed("shopify", "ordinary")

    assert shopify.split(json.dumps({"orders": [order, order]})) == [order, order]
    assert TRANSLATORS["woocommerce"].split(b"[{}, {}]") == [{}, {}]
    assert TRANSLATORS["plain"].split('{"a": 1}\n\n{"a": 2}\n') == ['{"a": 1}', '{"a": 2}']
    assert TRANSLATORS["plain"].split('[\n{"a": 1}]') == [{"a": 1}]


def plain_order(language: Any) -> bytes:
    body = parsed("plain", "ordinary")
    order = body.get("data", body)
    order["customer"] |= {"language": language}
    return json.dumps(body).encode()


@pytest.mark.parametrize(
    ("sent", "read"), [("en", "en"), ("zh-CN", "zh-CN"), ("pt_BR", "pt-BR"), ("", ""), (None, ""), ("Klingon!", "")]
)
def test_a_readable_language_is_kept_and_any_other_dropped(sent: Any, read: str) -> None:
    shopify_order = json.dumps(parsed("shopify", "ordinary") | {"customer_locale": sent}).encode()

    assert plain.translate(plain_order(sent)).order.language == read
    assert shopify.translate(shopify_order).order.language == read
