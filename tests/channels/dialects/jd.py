"""JD's words."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from integrations.abilities.ability import Matter
from tests.channels.dialects.dialect import CUP, LAMPS, Body, Dialect
from tests.channels.payloads import parsed
from tests.factories import LAMP, TEACUP

SHANGHAI = ZoneInfo("Asia/Shanghai")


def order(number: int, changed: datetime) -> Body:
    body: Body = parsed("jd", "ordinary")["jingdong_pop_order_get_responce"]["orderDetailInfo"]["orderInfo"]
    local = changed.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
    placed = {"orderStartTime": "2026-06-18 00:00:01", "paymentConfirmTime": "2026-06-18 00:01:30"}
    return with_units(body | {"orderId": str(number), "modified": local} | placed, [(LAMP, LAMPS), (TEACUP, CUP)])


def with_units(body: Body, units: Sequence[tuple[str, int]]) -> Body:
    items = [
        {"skuId": str(number), "outerSkuId": sku, "skuName": sku, "jdPrice": "10.00", "itemTotal": str(quantity)}
        for number, (sku, quantity) in enumerate(units, 1)
    ]
    total = f"{10 * sum(units for _, units in units)}.00"
    sums = {"orderTotalPrice": total, "orderPayment": total, "freightPrice": "0.00", "sellerDiscount": "0.00"}
    return body | sums | {"itemInfoList": items, "couponDetailList": []}


def lines(body: Body, skus: Sequence[str]) -> Body:
    return with_units(body, [(sku, 1) for sku in skus])


def line_ids(body: Body) -> list[str]:
    return [one["skuId"] for one in body["itemInfoList"]]


def moved(body: Body) -> Body:
    return body | {"consigneeInfo": body["consigneeInfo"] | {"fullAddress": "another road 9"}}


def gift(body: Body) -> Body:
    lamps, cup = body["itemInfoList"]
    return body | {"itemInfoList": [lamps, cup | {"jdPrice": "0.00"}], "orderPayment": f"{10 * LAMPS}.00"}


JD = Dialect(
    path="/jd/routerjson",
    access={"key": "simulated-app", "secret": "simulated-secret", "token": "simulated-token"},
    renewed_by={"refresh_token": "simulated-refresh"},
    renew_path="/jd/oauth2/refresh_token",
    order=order,
    lines=lines,
    line_ids=line_ids,
    words={
        Matter.CANCELS: lambda body: body | {"orderState": "TRADE_CANCELED"},
        Matter.ADDRESS: moved,
        Matter.SHIPPED: lambda body: body | {"orderState": "WAIT_GOODS_RECEIVE_CONFIRM", "waybill": "SF1"},
        Matter.REFUND_ASKED: lambda body: body | {"orderState": "LOCKED", "refund_fen": 1000},
        Matter.MASKED: lambda body: body,
        Matter.GIFTS: gift,
    },
)
