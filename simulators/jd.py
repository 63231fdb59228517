"""JD's open platform, the part for POP shops: one URL, signed forms, errors inside a 200, a place to renew tokens.

Source: open.jd.com, jingdong.pop.order.search and .get, jingdong.pop.order.shipment, stock.write.updateSkuStock,
pop.afs.soa.refundapply.queryPageList and .replyRefund, OAuth 2.0. The numbers of errors are from memory.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import md5
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.endpoints import Body
from simulators.listings import Listings
from simulators.platform_state import PlatformState
from simulators.tokens import Tokens

KEY, SECRET = "simulated-app", "simulated-secret"
ZONE, TIME_FORMAT = ZoneInfo("Asia/Shanghai"), "%Y-%m-%d %H:%M:%S"
MAX_WINDOW, MAX_SKEW = timedelta(days=30), timedelta(minutes=10)
CARRIERS = {"467", "2087", "465", "463", "1499", "470", "1327"}
SENDS = ("jingdong.pop.order.shipment", "jingdong.pop.afs.soa.refundapply.replyRefund")
RESULTS = {
    "jingdong.pop.order.search": "searchorderinfo_result",
    "jingdong.pop.order.get": "orderDetailInfo",
    "jingdong.pop.order.shipment": "sopjosshipment_result",
    "jingdong.pop.afs.soa.refundapply.queryPageList": "queryResult",
    "jingdong.pop.afs.soa.refundapply.replyRefund": "replyResult",
}


@dataclass(slots=True)
class Jd:
    """An order with `refund_fen` in it has a request to cancel of that amount, which waits for the seller."""

    state: PlatformState
    listings: Listings
    tokens: Tokens = field(default_factory=lambda: Tokens(timedelta(days=30)))
    received: list[Body] = field(default_factory=list)
    agreed: set[str] = field(default_factory=set)

    def routes(self) -> list[Route]:
        return [
            Route("/routerjson", self._call, methods=["POST"]),
            Route("/oauth2/refresh_token", self._renew, methods=["GET"]),
            *self.state.routes(self._put),
            Route("/shipments", self.state.endpoints.view(self._look), methods=["GET"]),
            *self.listings.controls("/stock"),
            *self.tokens.routes(self.state.endpoints),
        ]

    def _put(self, request: Request, body: Body) -> tuple[int, Body]:
        local = body.get("modified") or self._now()
        self.state.put(str(body["orderId"]), body | {"modified": local}, _moment(local))
        return 201, {"orderId": body["orderId"], "modified": local}

    async def _renew(self, request: Request) -> Response:
        query = request.query_params
        good = query.get("app_key") == KEY and query.get("app_secret") == SECRET
        given = self.tokens.refresh(query.get("refresh_token", "")) if good else None
        return JSONResponse(given | {"code": 0} if given else {"code": 402, "msg": "refresh token is invalid"})

    async def _call(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
        if refused := self._refused(form):
            return self._answer(refused)
        method, asked = form["method"], json.loads(form["360buy_param_json"])
        name = str(asked.get("order_id") or asked.get("orderId") or "")
        if self.state.fails(name):
            return self._answer(_error("1"))
        result = self._handle(method, asked, name)
        if method in SENDS and self.state.loses_answer():
            return self._answer({}, 504)
        inner = {RESULTS[method]: result} if method in RESULTS else result
        return self._answer({f"{method.replace('.', '_')}_responce": {"code": "0", **inner}})

    def _refused(self, form: dict[str, str]) -> Body | None:
        text = SECRET + "".join(name + form[name] for name in sorted(form) if name != "sign") + SECRET
        if md5(text.encode(), usedforsecurity=False).hexdigest().upper() != form.get("sign"):
            return _error("12")
        if form["app_key"] != KEY or abs(self.state.now() - _moment(form["timestamp"])) > MAX_SKEW:
            return _error("21")
        if not self.tokens.is_good(form.get("access_token", "")):
            return _error("19")
        return _error("2") if self.state.is_limited() else None

    def _handle(self, method: str, asked: Body, name: str) -> Body:
        self.state.asked[name or "list"] += 1
        order = self.state.orders.get(name)
        match method:
            case "jingdong.pop.order.search":
                return self._list(asked)
            case "jingdong.pop.order.get":
                missing = {"apiResult": {"success": False, "chineseErrCode": "订单不存在", "numberCode": 10100002}}
                return {"apiResult": {"success": True}, "orderInfo": order} if order else missing
            case "jingdong.pop.order.shipment":
                return self._send(order, asked)
            case "jingdong.stock.write.updateSkuStock":
                return {"success": str(self.listings.take(str(asked["skuId"]), asked["stockNum"])).lower()}
            case "jingdong.pop.afs.soa.refundapply.queryPageList":
                return {"success": True, "totalCount": 1, "result": [self._request(order)] if order else []}
            case "jingdong.pop.afs.soa.refundapply.replyRefund":
                good = asked["status"] == 1 and asked["id"] not in self.agreed
                self.agreed.add(asked["id"])
                return {"success": good}
        return {}

    def _list(self, asked: Body) -> Body:
        start, end = _moment(asked["start_date"]), _moment(asked["end_date"])
        size, number = int(asked["page_size"]), int(asked["page"])
        if end - start > MAX_WINDOW or not 1 <= size <= 100 or asked["dateType"] != "0":
            return {"apiResult": {"success": False, "chineseErrCode": "参数错误", "numberCode": 10100001}}
        states = asked["order_state"].split(",")
        names = [one for one in self.state.between(start, end) if self.state.orders[one]["orderState"] in states]
        fields = asked["optional_fields"].split(",")
        given = [self.state.orders[one] for one in names[(number - 1) * size : number * size]]
        orders = [{key: order[key] for key in fields if key in order} for order in given]
        if self.state.changing in names and (number > 1 or len(names) <= size):
            changing = self.state.page_given()
            local = self.state.changed[changing].astimezone(ZONE).strftime(TIME_FORMAT)
            self.state.orders[changing] = self.state.orders[changing] | {"modified": local}
        return {"apiResult": {"success": True}, "orderTotal": len(names), "orderInfoList": orders}

    def _send(self, order: Body | None, asked: Body) -> Body:
        sendable = order is not None and order["orderState"] == "WAIT_SELLER_STOCK_OUT"
        if order is None or not sendable or asked["logiCoprId"] not in CARRIERS:
            return {"success": False, "chineseErrCode": "订单状态不允许出库", "errorCode": "10400001"}
        sent = {
            "orderState": "WAIT_GOODS_RECEIVE_CONFIRM",
            "waybill": asked["logiNo"],
            "logisticsId": asked["logiCoprId"],
        }
        self.state.put(str(order["orderId"]), order | sent | {"modified": self._now()}, self.state.now())
        self.received.append({"order_id": order["orderId"], "waybill": asked["logiNo"], "carrier": asked["logiCoprId"]})
        return {"success": True}

    def _request(self, order: Body) -> Body:
        name = f"8{order['orderId']}"
        about = {"id": name, "orderId": order["orderId"], "applyRefundSum": order.get("refund_fen", 0)}
        return about | {"status": 3 if name in self.agreed else 0}

    def _now(self) -> str:
        return self.state.now().astimezone(ZONE).strftime(TIME_FORMAT)

    def _look(self, request: Request, body: Body) -> tuple[int, Body]:
        return 200, {"shipments": self.received}

    def _answer(self, body: Any, status: int = 200) -> Response:
        return JSONResponse(body, status, headers=self.state.date())


def _moment(local: str) -> datetime:
    return datetime.strptime(local, TIME_FORMAT).replace(tzinfo=ZONE)


def _error(code: str) -> Body:
    return {"error_response": {"code": code, "zh_desc": "refused", "en_desc": "refused"}}
