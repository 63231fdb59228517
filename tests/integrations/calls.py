"""Every call of every client that reads JSON, with a good answer."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from domain.money import Money
from domain.stock.views import StockUpdate
from integrations.channels.registry import TRANSLATORS
from integrations.circuit import Circuit
from integrations.crm import Crm
from integrations.http import PartnerHttp
from integrations.messages import MessageInbox
from integrations.payments import Payments
from integrations.pulls.puller import Puller
from integrations.pulls.registry import PULLERS
from integrations.pulls.settings import read_pull_settings
from integrations.pushes.pusher import Pusher
from integrations.pushes.registry import connect_pusher
from integrations.pushes.settings import read_push_settings
from integrations.tms import Tms
from integrations.wms import ReturnNotice, Wms
from tests.integrations.servers import CUSTOMER, SECRET
from tests.integrations.test_messages import message
from tests.integrations.test_pulls import ACCESS, HOUR
from tests.integrations.test_tms import parcel
from tests.integrations.test_wms import TWO_LAMPS, work

TIMEOUT_SECONDS = 0.4
NOTICE = ReturnNotice(return_id="R-1", order_id="O-1", channel_order_id="TM-1", location_id="HERE", lines=TWO_LAMPS)
RETURN: Any = {
    "return_id": "R-1",
    "order_id": "O-1",
    "channel_order_id": "TM-1",
    "ship_from": CUSTOMER,
    "lines": TWO_LAMPS,
    "to": {"location_id": "HERE", "country": "CN", "region": "Zhejiang"},
}
OFFERS = [StockUpdate(sku="LAMP", channel_sku="77", quantity=3, version=1)]
SF = {"orderId": "S-1", "waybillNoInfoList": [{"waybillType": 1, "waybillNo": "SF1"}]}


@dataclass(frozen=True)
class Call:
    """A client's call, and the status and body of a good answer."""

    ask: Callable[[str], Any]
    status: int
    body: Any


@cache
def odd(url: str) -> PartnerHttp:
    return PartnerHttp("odd", url, SECRET, TIMEOUT_SECONDS)


@cache
def puller(platform: str, url: str) -> Puller:
    settings = read_pull_settings(platform, ACCESS[platform] | {"url": url, "timeout": TIMEOUT_SECONDS})
    return PULLERS[platform](settings, TRANSLATORS[platform].shop)


@cache
def pusher(platform: str, url: str) -> Pusher:
    settings = {"url": url, "token": "t", "location": "5", "timeout": TIMEOUT_SECONDS}
    return connect_pusher(platform, read_push_settings(platform, settings))


def partner(ask: Callable[[PartnerHttp], Any]) -> Callable[[str], Any]:
    """A call with a circuit of its own, so that failures of one call do not block the next."""
    return lambda url: ask(odd(url).with_circuit(Circuit("odd")))


def pull(platform: str, ask: Callable[[Puller], Any]) -> Callable[[str], Any]:
    return lambda url: ask(puller(platform, url))


def push(platform: str) -> Callable[[str], Any]:
    return lambda url: pusher(platform, url).push(OFFERS)


def sf(**data: Any) -> dict[str, Any]:
    result = {"success": True, "errorCode": "S0000", "errorMsg": "", "msgData": data}
    return {"apiResultCode": "A1000", "apiErrorMsg": "", "apiResultData": json.dumps(result)}


def jd(**data: Any) -> dict[str, Any]:
    return {"code": 0, "success": True, "msg": "", "data": data}


CALLS = {
    "wms pick": Call(partner(lambda p: Wms(p).pick(work("FO-1"), "k")), 202, {"wms_reference": "W-1"}),
    "wms recall": Call(partner(lambda p: Wms(p).recall("FO-1", "why", "k")), 200, {"result": "recalled"}),
    "wms return": Call(partner(lambda p: Wms(p).announce_return(NOTICE, "k")), 202, {"wms_reference": "W-1"}),
    "tms book": Call(partner(lambda p: Tms(p).book(parcel("S-1"), "k")), 201, {"carrier": "C", "waybill": "1"}),
    "tms void": Call(partner(lambda p: Tms(p).void("S-1", "why", "k")), 200, {"result": "voided"}),
    "tms intercept": Call(partner(lambda p: Tms(p).intercept("S-1", "1", "why", "k")), 200, {"result": "asked"}),
    "tms reroute": Call(partner(lambda p: Tms(p).reroute("S-1", CUSTOMER, "k")), 200, {"result": "accepted"}),
    "tms return": Call(partner(lambda p: Tms(p).book_return(RETURN, "k")), 201, {"carrier": "C", "waybill": "1"}),
    "tms void return": Call(partner(lambda p: Tms(p).void_return("R-1", "why", "k")), 200, {"result": "voided"}),
    "sf book": Call(partner(lambda p: Tms(p).book(parcel("S-1"), "k", "sf")), 200, sf(**SF)),
    "sf void": Call(partner(lambda p: Tms(p).void("S-1", "why", "k", "sf")), 200, sf(orderId="S-1")),
    "sf intercept": Call(partner(lambda p: Tms(p).intercept("S-1", "1", "why", "k", "sf")), 200, sf(waybillNo="1")),
    "jd book": Call(
        partner(lambda p: Tms(p).book(parcel("S-1"), "k", "jd")), 200, jd(waybillCode="JD1", orderCode="S-1")
    ),
    "jd void": Call(partner(lambda p: Tms(p).void("S-1", "why", "k", "jd")), 200, jd()),
    "jd intercept": Call(partner(lambda p: Tms(p).intercept("S-1", "1", "why", "k", "jd")), 200, jd()),
    "dhl book": Call(
        partner(lambda p: Tms(p).book(parcel("S-1"), "k", "dhl")), 201, {"shipmentTrackingNumber": "1", "packages": []}
    ),
    "payment": Call(
        partner(lambda p: Payments(p).payment("PAY-1")),
        200,
        {"reference": "PAY-1", "status": "captured", "amount": "1.00", "currency": "CNY"},
    ),
    "refund": Call(
        partner(lambda p: Payments(p).refund("PAY-1", Money(100, "CNY"), "why", "k")),
        201,
        {"refund_id": "RF-1", "status": "succeeded"},
    ),
    "points": Call(partner(lambda p: Crm(p).points("C-1")), 200, {"customer_id": "C-1", "points": 7}),
    "messages": Call(partner(lambda p: MessageInbox(p).deliver([message("M-1", "O-1")])), 200, {"accepted": ["M-1"]}),
    "shopify page": Call(pull("shopify", lambda p: p.page(HOUR, "", whole=True)), 200, {"orders": []}),
    "shopify order": Call(pull("shopify", lambda p: p.order("77")), 200, {"order": {"id": 77}}),
    "douyin page": Call(
        pull("douyin", lambda p: p.page(HOUR, "", whole=True)),
        200,
        {"code": 10000, "data": {"total": 0, "shop_order_list": []}},
    ),
    "jd page": Call(
        pull("jd", lambda p: p.page(HOUR, "", whole=True)),
        200,
        {"jingdong_pop_order_search_responce": {"searchorderinfo_result": {"apiResult": {"success": True}}}},
    ),
    "wechat page": Call(pull("wechat", lambda p: p.page(HOUR, "", whole=True)), 200, {"errcode": 0}),
    "shopify push": Call(
        push("shopify"),
        200,
        {"inventory_level": {"location_id": 5, "inventory_item_id": 77, "available": 3}},
    ),
    "plain push": Call(push("plain"), 200, {"accepted": ["77"], "refused": []}),
}
