"""WeChat shop's words."""

import json
from collections.abc import Sequence
from datetime import datetime

from integrations.abilities.ability import Matter
from tests.channels.dialects.dialect import CUP, LAMPS, Body, Dialect, Message
from tests.channels.payloads import parsed
from tests.factories import LAMP, TEACUP


def order(number: int, changed: datetime) -> Body:
    body: Body = parsed("wechat", "ordinary")["order"]
    body |= {"order_id": str(number), "update_time": int(changed.timestamp())}
    body["order_detail"]["pay_info"]["transaction_id"] = str(number)
    return with_units(body, [(LAMP, LAMPS), (TEACUP, CUP)])


def with_units(body: Body, units: Sequence[tuple[str, int]]) -> Body:
    products = []
    for number, (sku, quantity) in enumerate(units, 1):
        about = {"product_id": f"{number}", "sku_id": f"{number}7", "sku_code": sku, "title": sku, "sku_cnt": quantity}
        products.append(about | {"sale_price": 1000, "real_price": 1000 * quantity})
    total = 1000 * sum(units for _, units in units)
    price = {"product_price": total, "order_price": total, "freight": 0}
    return detailed(body, product_infos=products, price_info=price)


def detailed(body: Body, **changes: object) -> Body:
    return body | {"order_detail": body["order_detail"] | changes}


def lines(body: Body, skus: Sequence[str]) -> Body:
    return with_units(body, [(sku, 1) for sku in skus])


def line_ids(body: Body) -> list[str]:
    return [f"{one['product_id']}:{one['sku_id']}" for one in body["order_detail"]["product_infos"]]


def cup_changed(body: Body, **changes: object) -> Body:
    lamps, cup = body["order_detail"]["product_infos"]
    return detailed(body, product_infos=[lamps, cup | changes])


def delivered(body: Body, **changes: object) -> Body:
    return detailed(body, delivery_info=body["order_detail"]["delivery_info"] | changes)


def sent(body: Body, lamps: int, cups: int) -> Body:
    named = zip(body["order_detail"]["product_infos"], (lamps, cups), strict=True)
    held = [
        {"product_id": item["product_id"], "sku_id": item["sku_id"], "product_cnt": units}
        for item, units in named
        if units
    ]
    about = {"delivery_id": "SF", "waybill_id": f"SF{body['order_id']}", "delivery_time": body["update_time"]}
    parcels = [about | {"product_infos": held}]
    return delivered(body, delivery_product_info=parcels) | {"status": 30 if cups else 21}


def moved(body: Body) -> Body:
    to = body["order_detail"]["delivery_info"]["address_info"]
    return delivered(body, address_info=to | {"detail_info": "another road 9"})


def after_sale(body: Body, status: str, waiting: int) -> Body:
    listed = [{"aftersale_order_id": f"9{body['order_id']}"}]
    about = {"aftersale_detail": {"aftersale_order_list": listed, "on_aftersale_order_cnt": waiting}}
    return body | about | {"refund_fen": 1000, "after_sale_status": status}


def gift(body: Body) -> Body:
    paid = {"product_price": 1000 * LAMPS, "order_price": 1000 * LAMPS, "freight": 0}
    return detailed(cup_changed(body, sale_price=0, real_price=0), price_info=paid)


def message(body: Body) -> Message:
    about = {"order_info": {"order_id": body["order_id"]}, "CreateTime": body["update_time"]}
    return {}, json.dumps({"Event": "channels_ec_order_ext_info_update", **about}).encode()


WECHAT = Dialect(
    path="/wechat",
    access={"key": "wx0000000000000001", "secret": "simulated-secret", "token": "simulated-token"},
    renewed_by={"aes_key": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"},
    order=order,
    lines=lines,
    line_ids=line_ids,
    words={
        Matter.UNPAID: lambda body: detailed(body, pay_info={}) | {"status": 10},
        Matter.CANCELS: lambda body: body | {"status": 250},
        Matter.ADDRESS: moved,
        Matter.SHIPPED: lambda body: sent(body, LAMPS, CUP),
        Matter.PARTLY_SHIPPED: lambda body: sent(body, 1, 0),
        Matter.REFUND_ASKED: lambda body: after_sale(body, "MERCHANT_PROCESSING", 1),
        Matter.REFUNDED: lambda body: cup_changed(
            after_sale(body, "MERCHANT_REFUND_SUCCESS", 0), finish_aftersale_sku_cnt=1
        ),
        Matter.MASKED: lambda body: body,
        Matter.GIFTS: gift,
    },
    message=message,
    listing="101:7",
)
