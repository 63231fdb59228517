"""Taobao's words."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from integrations.abilities.ability import Matter
from tests.channels.dialects.dialect import CUP, LAMPS, Body, Dialect
from tests.channels.payloads import parsed
from tests.factories import LAMP, TEACUP

SHANGHAI = ZoneInfo("Asia/Shanghai")


def order(number: int, changed: datetime) -> Body:
    body: Body = parsed("taobao", "ordinary")["trade_fullinfo_get_response"]["trade"]
    local = changed.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
    body |= {"tid": number, "tid_str": str(number), "alipay_no": f"{number}", "modified": local}
    return with_units(body, [(LAMP, LAMPS), (TEACUP, CUP)])


def with_units(body: Body, units: Sequence[tuple[str, int]]) -> Body:
    orders = []
    for number, (sku, quantity) in enumerate(units, 1):
        name, cost = str(body["tid"] * 10_000 + number), f"{10 * quantity}.00"
        about = {"oid": int(name), "oid_str": name, "outer_sku_id": sku, "num_iid": number, "title": sku}
        sums = {"num": quantity, "price": "10.00", "total_fee": cost, "divide_order_fee": cost, "payment": cost}
        orders.append(about | sums | {"status": "WAIT_SELLER_SEND_GOODS", "refund_status": "NO_REFUND"})
    total = f"{10 * sum(units for _, units in units)}.00"
    sums = {"total_fee": total, "discount_fee": "0.00", "post_fee": "0.00", "payment": total}
    return body | sums | {"orders": {"order": orders}, "promotion_details": {}}


def lines(body: Body, skus: Sequence[str]) -> Body:
    return with_units(body, [(sku, 1) for sku in skus])


def line_ids(body: Body) -> list[str]:
    return [one["oid_str"] for one in body["orders"]["order"]]


def lines_changed(body: Body, *changes: Body) -> Body:
    both = zip(body["orders"]["order"], changes, strict=True)
    return body | {"orders": {"order": [one | change for one, change in both]}}


SENT = {"status": "WAIT_BUYER_CONFIRM_GOODS", "invoice_no": "SF-1", "logistics_company": "顺丰速运"}

TAOBAO = Dialect(
    path="/taobao/router/rest",
    access={"token": "simulated-session", "key": "simulated-app", "secret": "simulated-secret"},
    order=order,
    lines=lines,
    line_ids=line_ids,
    words={
        Matter.UNPAID: lambda body: body | {"status": "WAIT_BUYER_PAY", "pay_time": ""},
        Matter.CANCELS: lambda body: body | {"status": "TRADE_CLOSED"},
        Matter.ADDRESS: lambda body: body | {"receiver_address": "another road 9"},
        Matter.SHIPPED: lambda body: lines_changed(body, SENT, SENT) | {"status": SENT["status"]},
        Matter.PARTLY_SHIPPED: lambda body: lines_changed(body, SENT, {}) | {"status": "SELLER_CONSIGNED_PART"},
        Matter.REFUND_ASKED: lambda body: lines_changed(body, {}, {"refund_status": "WAIT_SELLER_AGREE"}),
        Matter.REFUNDED: lambda body: lines_changed(body, {}, {"refund_status": "SUCCESS"}),
        Matter.MASKED: lambda body: body,
        Matter.GIFTS: lambda body: (
            lines_changed(body, {}, {"price": "0.00", "total_fee": "0.00", "divide_order_fee": "0.00"})
            | {"payment": f"{10 * LAMPS}.00"}
        ),
    },
)
