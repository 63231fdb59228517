"""Fuzzed payloads: a translator gives a whole order within our limits, or a refusal that names the field."""

import copy
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.order import Order
from integrations.channels import shaping
from integrations.channels.reading import Unreadable
from integrations.channels.registry import TRANSLATORS
from integrations.channels.values import CONTROLS, FIRST, LAST, MAX_MINOR_UNITS, MAX_QUANTITY
from record.orders.rows import new_order
from tests.channels.payloads import CHANNELS, parsed

REMOVED = object()
ODD: list[Any] = [
    *(REMOVED, None, "", " ", [], {}, True, False, 0, -1, 0.1, 1e308, float("nan"), 10**18, 10**30, 10**5_000),
    *(
        "x" * 3_000,
        "\ud800",
        "\x00",
        "a\nb",
        "１２",
        "NaN",
        "1e99",
        "-5",
        "0001-01-01 00:00:00",
        "9999-12-31T23:59:59Z",
    ),
    *([None], [1], [[]], [{}], {"": ""}, {"amount": []}, "{", "@", "ab cd", "EUR", "ZZ", "2026-01-01", "100000.5"),
]


def _paths(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    below = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path, *(place for key, child in below for place in _paths(child, (*path, key)))]


def _put(node: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return {} if value is REMOVED else value
    parent = node
    try:
        for key in path[:-1]:
            parent = parent[key]
        if value is REMOVED:
            del parent[path[-1]]
        else:
            parent[path[-1]] = copy.deepcopy(value)
    except (KeyError, IndexError, TypeError):
        pass  # An earlier change removed this place.
    return node


def _assert_within_limits(order: Order) -> None:
    assert shaping.CHANNEL.fullmatch(order.channel)
    assert shaping.REFERENCE.fullmatch(order.channel_order_id)
    assert not order.payment_reference or shaping.REFERENCE.fullmatch(order.payment_reference)
    assert shaping.CUSTOMER_ID.fullmatch(order.customer_id)
    assert FIRST <= order.placed_at < LAST
    assert order.grand_total.minor_units >= 0
    assert order.shipping.minor_units >= 0
    assert order.tax.minor_units >= 0
    assert [line.line_no for line in order.lines] == list(range(1, len(order.lines) + 1))
    for line in order.lines:
        assert shaping.SKU.fullmatch(line.sku)
        assert 1 <= line.quantity <= MAX_QUANTITY
        assert 0 <= line.unit_price.minor_units <= MAX_MINOR_UNITS
        assert abs(line.discount.minor_units) <= 3 * MAX_MINOR_UNITS
        assert {line.unit_price.currency, line.discount.currency} == {order.currency}
        assert len(line.title) <= 300
    assert order.sum_of_parts.currency == order.currency
    texts = [order.remarks, order.merchant_remarks, *order.tags, *order.ship_to.lines]
    texts += [value for value in _values_of(order.ship_to) if isinstance(value, str)]
    assert all(len(text) <= 2_000 for text in texts)
    assert not any(CONTROLS.search(text) for text in (*order.tags, *order.ship_to.lines, order.ship_to.name))
    rows = new_order(order, "a test")
    assert "\\u0000" not in rows.order + rows.lines
    (rows.order + rows.lines).encode()


def _assert_whole_or_refused(channel: str, payload: Any) -> None:
    refused = None
    try:
        _assert_within_limits(TRANSLATORS[channel].translate(payload).order)
    except Unreadable as error:
        refused = error
    if refused:
        assert refused.field
        assert refused.reason
        refused.detail.encode()


def _values_of(slotted: Any) -> list[Any]:
    return [getattr(slotted, name) for name in slotted.__slots__]


@pytest.mark.parametrize("name", ["ordinary", "quirky"])
@pytest.mark.parametrize("channel", CHANNELS)
@settings(suppress_health_check=list(HealthCheck), database=None)
@given(data=st.data())
def test_a_fuzzed_payload_is_a_whole_order_or_a_named_refusal(channel: str, name: str, data: st.DataObject) -> None:
    payload = parsed(channel, name)
    paths = _paths(payload)
    for _ in range(data.draw(st.integers(1, 3))):
        payload = _put(payload, data.draw(st.sampled_from(paths)), data.draw(st.sampled_from(ODD)))
    _assert_whole_or_refused(channel, payload)


@pytest.mark.parametrize("channel", CHANNELS)
def test_removing_or_spoiling_any_field_leaves_no_partial_order(channel: str) -> None:
    original = json.dumps(parsed(channel, "quirky"))
    for place in _paths(json.loads(original)):
        for odd in (REMOVED, None, [1], {"": ""}, "\ud800", 10**30, float("nan")):
            _assert_whole_or_refused(channel, _put(json.loads(original), place, odd))


@given(
    raw=st.one_of(
        st.binary(max_size=200),
        st.recursive(
            st.none() | st.booleans() | st.text() | st.integers(),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        ).map(lambda node: json.dumps(node)),
    )
)
def test_arbitrary_input_is_unreadable(raw: bytes | str) -> None:
    for channel in CHANNELS:
        with pytest.raises(Unreadable):
            TRANSLATORS[channel].translate(raw)


TOPICS = {"X-Shopify-Topic": "returns/request", "X-WC-Webhook-Topic": "order.deleted"}
MESSAGES: list[Any] = [
    {
        "topic": "taobao_trade_TradeClose",
        "content": '{"tid": 1}',
        "NotificationType": "ORDER_CHANGE",
        "id": 1,
        "order": {},
    },
    {"Event": "channels_ec_order_pay", "order_info": {"order_id": 1}, "type": "order.paid", "data": {}, "orderId": 1},
    [{"tag": 100, "msg_id": 1, "data": '{"p_id": 1}'}],
]


@pytest.mark.parametrize("message", MESSAGES)
@pytest.mark.parametrize("channel", CHANNELS)
def test_a_fuzzed_event_is_read_or_refused_by_name(channel: str, message: Any) -> None:
    events_of = TRANSLATORS[channel].events
    assert events_of is not None
    for place in _paths(message):
        for odd in ODD:
            with suppress(Unreadable):
                events_of(TOPICS, _put(copy.deepcopy(message), place, odd))
