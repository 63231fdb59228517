"""Douyin's words."""

import json
from collections.abc import Sequence
from datetime import datetime

from integrations.abilities.ability import Matter
from tests.channels.dialects.dialect import CUP, LAMPS, Body, Dialect, Message
from tests.channels.payloads import parsed
from tests.factories import LAMP, TEACUP


def order(number: int, changed: datetime) -> Body:
    body: Body = parsed("douyin", "ordinary")["data"]["shop_order_detail"]
    body |= {"order_id": str(number), "channel_payment_no": str(number), "update_time": int(changed.timestamp())}
    return with_units(body, [(LAMP, LAMPS), (TEACUP, CUP)])


def with_units(body: Body, units: Sequence[tuple[str, int]]) -> Body:
    items = []
    for number, (sku, quantity) in enumerate(units, 1):
        name = str(int(body["order_id"]) * 10_000 + number)
        about = {"order_id": name, "code": sku, "product_name": sku, "item_num": quantity, "order_status": 2}
        items.append(about | {"origin_amount": 1000, "pay_amount": 1000 * quantity, "after_sale_info": {}})
    total = 1000 * sum(units for _, units in units)
    sums = {"order_amount": total, "pay_amount": total, "post_amount": 0, "promotion_amount": 0}
    return body | sums | {"sku_order_list": items}


def lines(body: Body, skus: Sequence[str]) -> Body:
    return with_units(body, [(sku, 1) for sku in skus])


def line_ids(body: Body) -> list[str]:
    return [one["order_id"] for one in body["sku_order_list"]]


def cup_changed(body: Body, **changes: object) -> Body:
    lamps, cup = body["sku_order_list"]
    return body | {"sku_order_list": [lamps, cup | changes]}


def sent(body: Body, lamps: int, cups: int) -> Body:
    held = zip(line_ids(body), (lamps, cups), strict=True)
    products = [{"sku_order_id": name, "product_count": units} for name, units in held if units]
    about = {"tracking_no": f"SF{body['order_id']}", "company": "shunfeng", "ship_time": body["update_time"]}
    return body | {"order_status": 3 if cups else 101, "logistics_info": [about | {"product_info": products}]}


def message(body: Body) -> Message:
    data = json.dumps({"p_id": int(body["order_id"]), "update_time": body["update_time"]})
    return {}, json.dumps([{"tag": "105", "msg_id": f"m-{body['update_time']}", "data": data}]).encode()


DOUYIN = Dialect(
    path="/douyin",
    access={"key": "7000000000000000001", "secret": "simulated-secret", "token": "simulated-token"},
    renewed_by={"refresh_token": "simulated-refresh"},
    order=order,
    lines=lines,
    line_ids=line_ids,
    words={
        Matter.UNPAID: lambda body: body | {"order_status": 1, "pay_time": 0},
        Matter.CANCELS: lambda body: body | {"order_status": 4},
        Matter.ADDRESS: lambda body: body | {"mask_post_addr": body["mask_post_addr"] | {"detail": "another road 9"}},
        Matter.SHIPPED: lambda body: sent(body, LAMPS, CUP),
        Matter.PARTLY_SHIPPED: lambda body: sent(body, 1, 0),
        Matter.REFUND_ASKED: lambda body: (
            cup_changed(body, after_sale_info={"after_sale_status": 6}) | {"refund_amount": 1000}
        ),
        Matter.REFUNDED: lambda body: cup_changed(body, after_sale_info={"after_sale_status": 12}),
        Matter.MASKED: lambda body: body,
        Matter.GIFTS: lambda body: (
            cup_changed(body, given_product_type="FREE", origin_amount=0, pay_amount=0) | {"pay_amount": 1000 * LAMPS}
        ),
    },
    message=message,
    listing="101:7",
)
