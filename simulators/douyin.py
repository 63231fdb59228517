"""Douyin's shop platform: signed calls with sorted JSON, errors inside a 200, tokens that end and are renewed once.

Source: op.jinritemai.com, guide-docs/10/23 and 212/1427 (calls, codes), api-docs/15/1342 (order.searchList), 14/85
(sku.syncStock), 16/562 (order.logisticsAddMultiPack), 17/560 (afterSale.operate; the numbers of its operations are from
memory).
"""

import hmac
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.douyin_parcels import DouyinParcels
from simulators.endpoints import Body
from simulators.listings import Listings
from simulators.platform_state import PlatformState
from simulators.tokens import Tokens

KEY, SECRET = "7000000000000000001", "simulated-secret"
MAX_SKEW = timedelta(minutes=10)
WAITS, AGREED = 6, 12
SENDS = ("order.logisticsAdd", "order.logisticsAddMultiPack", "afterSale.operate")


@dataclass(slots=True)
class Douyin:
    """`orders` of the state are whole orders; one with `refund_amount` in it has an open after-sale order of that."""

    state: PlatformState
    listings: Listings
    parcels: DouyinParcels
    tokens: Tokens = field(default_factory=lambda: Tokens(timedelta(days=7)))
    agreed: dict[str, int] = field(default_factory=dict)
    """Money that went back by after-sale order, in fen."""

    def routes(self) -> list[Route]:
        return [
            *self.state.routes(self._put),
            *self.parcels.routes(),
            *self.listings.controls("/stock"),
            *self.tokens.routes(self.state.endpoints),
            Route("/{module}/{method}", self._call, methods=["POST"]),
        ]

    def _put(self, request: Request, body: Body) -> tuple[int, Body]:
        seconds = int(body.get("update_time") or self.state.now().timestamp())
        self.state.put(str(body["order_id"]), body | {"update_time": seconds}, datetime.fromtimestamp(seconds, UTC))
        return 201, {"order_id": body["order_id"], "update_time": seconds}

    async def _call(self, request: Request) -> Response:
        query, text = dict(request.query_params), (await request.body()).decode()
        method = query.get("method", "")
        if refused := self._refused(query, text):
            return self._answer(refused)
        asked = json.loads(text)
        name = str(asked.get("shop_order_id") or asked.get("order_id") or "")
        if self.state.fails(name):
            return self._answer({"code": 20000, "msg": "system error", "sub_code": "isp.service-error"})
        answer = self._handle(method, asked, name)
        if method in SENDS and self.state.loses_answer():
            return self._answer({}, 504)
        return self._answer(answer)

    def _refused(self, query: dict[str, str], text: str) -> Body | None:
        signed = {name: query.get(name, "") for name in ("app_key", "method", "timestamp", "v")} | {"param_json": text}
        base = SECRET + "".join(name + signed[name] for name in sorted(signed)) + SECRET
        if hmac.digest(SECRET.encode(), base.encode(), "sha256").hex() != query.get("sign"):
            return _error(40003, "isv.signature-invalid")
        local = datetime.strptime(query["timestamp"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC) - timedelta(hours=8)
        if query["app_key"] != KEY or abs(datetime.now(UTC) - local) > MAX_SKEW:
            return _error(40003, "isv.app-id-invalid")
        if query["method"] != "token.refresh" and not self.tokens.is_good(query.get("access_token", "")):
            return _error(40003, self.tokens.why_not(query.get("access_token", "")))
        return _error(60000, "isv.flow-limit") if self.state.is_limited() else None

    def _handle(self, method: str, asked: Body, name: str) -> Body:
        self.state.asked[name or "list"] += 1
        order = self.state.orders.get(name)
        match method:
            case "token.refresh":
                given = self.tokens.refresh(asked["refresh_token"])
                return _done(given) if given else _error(50002, "isv.business-failed:31009")
            case "order.searchList":
                return self._list(asked)
            case "order.orderDetail":
                return _done({"shop_order_detail": order}) if order else _error(40004, "isv.parameter-invalid:11003")
            case "sku.syncStock":
                if self.listings.trouble():
                    return _error(20000, "isp.service-error")
                known = self.listings.take(f"{asked['product_id']}:{asked['sku_id']}", asked["stock_num"])
                return _done(True) if known else _error(50002, "isv.business-failed:2010008")
            case "order.logisticsAdd" | "order.logisticsAddMultiPack":
                refused = self.parcels.send(order, asked)
                return _error(50002, refused) if refused else _done({"pack_id": "1"})
            case "afterSale.List":
                return _done({"items": [{"aftersale_info": self._after_sale(order)}] if order else [], "total": 1})
            case "afterSale.operate":
                return self._operate(asked)
        return _error(70000, "isv.method-not-exist")

    def _list(self, asked: Body) -> Body:
        start, end = (datetime.fromtimestamp(asked[f"update_time_{name}"], UTC) for name in ("start", "end"))
        if not 1 <= asked["size"] <= 100 or asked["size"] * asked["page"] > 50_000:
            return _error(40004, "isv.parameter-invalid")
        names = self.state.between(start, end)
        first = asked["page"] * asked["size"]
        orders = [self.state.orders[name] for name in names[first : first + asked["size"]]]
        if asked["size"] > 1 and (changing := self.state.page_given()):
            seconds = int(self.state.changed[changing].timestamp())
            self.state.orders[changing] = self.state.orders[changing] | {"update_time": seconds}
        return _done({"page": asked["page"], "size": len(orders), "total": len(names), "shop_order_list": orders})

    def _after_sale(self, order: Body) -> Body:
        name = f"9{order['order_id']}"
        agreed = name in self.agreed
        about = {"aftersale_id": name, "aftersale_type": 2, "update_time": order["update_time"]}
        status = {"aftersale_status": AGREED if agreed else WAITS, "refund_status": 3 if agreed else 1}
        return about | status | {"refund_amount": order.get("refund_amount", 0)}

    def _operate(self, asked: Body) -> Body:
        [item] = asked["items"]
        order = self.state.orders.get(str(item["aftersale_id"])[1:])
        if asked["type"] != 201 or order is None or item["aftersale_id"] in self.agreed:
            return _error(50002, "isv.business-failed:20309541")
        self.agreed[item["aftersale_id"]] = order["refund_amount"]
        return _done({"items": [{"aftersale_id": item["aftersale_id"], "status_code": 0}]})

    def _answer(self, body: Any, status: int = 200) -> Response:
        return JSONResponse(body, status, headers=self.state.date())


def _done(data: Any) -> Body:
    return {"code": 10000, "msg": "success", "sub_code": "", "sub_msg": "", "data": data}


def _error(code: int, sub_code: str) -> Body:
    return {"code": code, "msg": "refused", "sub_code": sub_code, "sub_msg": "refused", "data": None}
