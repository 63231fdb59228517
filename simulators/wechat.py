"""WeChat shop: the token in the URL, errors inside a 200, lists of ids with a key for the next page.

Source: developers.weixin.qq.com/doc/store/shop, order/list/get, order/get, order/delivery/send, product/stock/update,
aftersale/getaftersaleorder, aftersale/acceptapply, and getStableAccessToken. The numbers of refusals are from memory.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.endpoints import Body
from simulators.listings import Listings
from simulators.platform_state import PlatformState
from simulators.tokens import Tokens
from simulators.wechat_parcels import WechatParcels

APP, SECRET = "wx0000000000000001", "simulated-secret"
MAX_SPAN = 7 * 86_400
SENDS = ("order/delivery/send", "aftersale/acceptapply")
ACCEPTED = "MERCHANT_REFUND_SUCCESS"


@dataclass(slots=True)
class Wechat:
    """An order with an after-sales order in its list has one of `refund_fen`, in `after_sale_status`."""

    state: PlatformState
    listings: Listings
    parcels: WechatParcels
    tokens: Tokens = field(default_factory=lambda: Tokens(timedelta(seconds=7_200)))

    def routes(self) -> list[Route]:
        return [
            Route("/cgi-bin/stable_token", self._token, methods=["POST"]),
            Route("/channels/ec/{path:path}", self._call, methods=["POST"]),
            *self.state.routes(self._put),
            *self.parcels.routes(),
            *self.listings.controls("/stock"),
            *self.tokens.routes(self.state.endpoints),
        ]

    def _put(self, request: Request, body: Body) -> tuple[int, Body]:
        seconds = int(body.get("update_time") or self.state.now().timestamp())
        self.state.put(str(body["order_id"]), body | {"update_time": seconds}, datetime.fromtimestamp(seconds, UTC))
        return 201, {"order_id": body["order_id"], "update_time": seconds}

    async def _token(self, request: Request) -> Response:
        asked = await request.json()
        if asked["appid"] != APP:
            return JSONResponse(_error(40013))
        if asked["secret"] != SECRET or not self.tokens.refresh_tokens:
            return JSONResponse(_error(40125))
        given = self.tokens.current() or self.tokens.give()
        return JSONResponse({"access_token": given["access_token"], "expires_in": given["expires_in"]})

    async def _call(self, request: Request) -> Response:
        token, path = request.query_params.get("access_token", ""), request.path_params["path"]
        if not self.tokens.is_good(token):
            return self._answer(_error(42001 if token else 41001))
        if self.state.is_limited():
            return self._answer(_error(45011))
        asked = await request.json()
        name = str(asked.get("order_id") or str(asked.get("after_sale_order_id", ""))[1:])
        if self.state.fails(name):
            return self._answer(_error(-1))
        self.state.asked[name or "list"] += 1
        handlers: Mapping[str, Callable[[Body, Body | None], Body]] = {
            "order/list/get": self._list,
            "order/get": self._get,
            "order/delivery/send": self._send,
            "product/stock/update": self._stock,
            "aftersale/getaftersaleorder": self._after_sale,
            "aftersale/acceptapply": self._accept,
        }
        handle = handlers.get(path)
        answer = handle(asked, self.state.orders.get(name)) if handle else _error(48001)
        if path in SENDS and self.state.loses_answer():
            return self._answer({}, 504)
        return self._answer(answer)

    def _list(self, asked: Body, order: Body | None) -> Body:
        span = asked["update_time_range"]
        if span["end_time"] - span["start_time"] > MAX_SPAN or not 1 <= asked["page_size"] <= 100:
            return _error(10020050)
        names = self.state.between(*(datetime.fromtimestamp(span[f"{end}_time"], UTC) for end in ("start", "end")))
        if key := asked.get("next_key"):
            last = json.loads(urlsafe_b64decode(key))
            names = [name for name in names if [self._position(name), name] > last]
        given = names[: asked["page_size"]]
        answer = _done({"order_id_list": given, "has_more": len(names) > len(given), "next_key": ""})
        if answer["has_more"]:
            last = [self._position(given[-1]), given[-1]]
            answer["next_key"] = urlsafe_b64encode(json.dumps(last).encode()).decode()
        if changing := self.state.page_given():
            seconds = int(self.state.changed[changing].timestamp())
            self.state.orders[changing] = self.state.orders[changing] | {"update_time": seconds}
        return answer

    def _get(self, asked: Body, order: Body | None) -> Body:
        return _done({"order": order}) if order else _error(100002)

    def _send(self, asked: Body, order: Body | None) -> Body:
        refused = self.parcels.send(order, asked)
        return _error(refused) if refused else _done({})

    def _stock(self, asked: Body, order: Body | None) -> Body:
        known = asked["diff_type"] == 3 and self.listings.take(f"{asked['product_id']}:{asked['sku_id']}", asked["num"])
        return _done({}) if known else _error(10020052)

    def _after_sale(self, asked: Body, order: Body | None) -> Body:
        if order is None:
            return _error(10020052)
        about = {"after_sale_order_id": asked["after_sale_order_id"], "order_id": order["order_id"], "type": "REFUND"}
        status = {"status": order.get("after_sale_status", "MERCHANT_PROCESSING")}
        return _done({"after_sale_order": about | status | {"refund_info": {"amount": order["refund_fen"]}}})

    def _accept(self, asked: Body, order: Body | None) -> Body:
        if order is None or order.get("after_sale_status", "MERCHANT_PROCESSING") != "MERCHANT_PROCESSING":
            return _error(10020053)
        now = self.state.now()
        changes = {"after_sale_status": ACCEPTED, "update_time": int(now.timestamp())}
        self.state.put(str(order["order_id"]), order | changes, now)
        return _done({})

    def _position(self, name: str) -> str:
        return self.state.changed[name].isoformat()

    def _answer(self, body: Body, status: int = 200) -> Response:
        return JSONResponse(body, status, headers=self.state.date())


def _done(data: Body) -> Body:
    return {"errcode": 0, "errmsg": "ok"} | data


def _error(code: int) -> Body:
    return {"errcode": code, "errmsg": "refused"}
