"""Taobao's open platform, the part for reading and sending trades: one URL, signed forms, errors inside a 200."""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.endpoints import Body
from simulators.platform_state import PlatformState
from simulators.taobao_sends import TaobaoSends

KEY, SECRET, SESSION = "simulated-app", "simulated-secret", "simulated-session"
ZONE = ZoneInfo("Asia/Shanghai")
TIME_FORMAT = "%Y-%m-%d %H:%M:%S"
MAX_WINDOW = timedelta(days=1)


@dataclass(slots=True)
class Taobao:
    state: PlatformState
    sends: TaobaoSends

    def routes(self) -> list[Route]:
        api = Route("/router/rest", self._call, methods=["POST"])
        return [api, *self.state.routes(self._put), *self.sends.routes()]

    def _put(self, request: Request, body: Body) -> tuple[int, Body]:
        local = body.get("modified") or self.state.now().astimezone(ZONE).strftime(TIME_FORMAT)
        self.state.put(str(body["tid"]), body | {"modified": local}, _moment(local))
        return 201, {"tid": body["tid"], "modified": local}

    async def _call(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
        if self.state.fails(form.get("tid", "")):
            return self._answer({"errors": "Internal Server Error"}, 500)
        answer = self._refused(form) or self._handle(form)
        if form["method"].endswith(".send") and self.state.loses_answer():
            return self._answer({"errors": "Gateway Timeout"}, 504)
        return self._answer(answer)

    def _refused(self, form: dict[str, str]) -> Body | None:
        signed = "".join(name + value for name, value in sorted(form.items()) if name != "sign")
        if hmac.digest(SECRET.encode(), signed.encode(), "sha256").hex().upper() != form.get("sign"):
            return _error(25, "Invalid signature", "isv.invalid-signature")
        if form.get("session") != SESSION or form.get("app_key") != KEY:
            return _error(27, "Invalid session", "invalid-sessionkey")
        if self.state.is_limited():
            ban = f"This ban will last for {self.state.retry_after:.0f} more seconds"
            return _error(7, "App Call Limited", "accesscontrol.limited-by-app-access-count", ban)
        return None

    def _handle(self, form: dict[str, str]) -> Body:
        self.state.asked[form.get("tid", "list")] += 1
        match form["method"]:
            case "taobao.trades.sold.increment.get":
                return self._list(form)
            case "taobao.trade.fullinfo.get" if form["tid"] in self.state.orders:
                return {"trade_fullinfo_get_response": {"trade": self.state.orders[form["tid"]]}}
            case "taobao.trade.fullinfo.get":
                return _error(15, "Remote service error", "isv.trade-not-exist")
            case "taobao.logistics.offline.send" | "taobao.logistics.online.send":
                refused = self.sends.send(form)
                name = form["method"].removeprefix("taobao.").replace(".", "_")
                done = {f"{name}_response": {"shipping": {"is_success": True}}}
                return _error(15, "Remote service error", refused) if refused else done
        return _error(22, "Invalid method")

    def _list(self, form: dict[str, str]) -> Body:
        start, end = _moment(form["start_modified"]), _moment(form["end_modified"])
        if end - start > MAX_WINDOW:
            return _error(41, "Invalid arguments", "isv.invalid-parameter")
        # Newest change first, by page number: paging forward misses trades that move meanwhile.
        names = self.state.between(start, end)[::-1]
        size, number = int(form["page_size"]), int(form["page_no"])
        given = names[(number - 1) * size : number * size]
        trades = [{"tid": int(name), "modified": self.state.orders[name]["modified"]} for name in given]
        if form.get("use_has_next") != "false" and (changing := self.state.page_given()):
            changed = self.state.changed[changing].astimezone(ZONE).strftime(TIME_FORMAT)
            self.state.orders[changing] = self.state.orders[changing] | {"modified": changed}
        return {"trades_sold_increment_get_response": {"total_results": len(names), "trades": {"trade": trades}}}

    def _answer(self, body: Body, status: int = 200) -> Response:
        return JSONResponse(body, status, headers=self.state.date())


def _moment(local: str) -> datetime:
    return datetime.strptime(local, TIME_FORMAT).replace(tzinfo=ZONE)


def _error(code: int, message: str, sub_code: str = "", sub_message: str = "") -> Body:
    error = {"code": code, "msg": message, "sub_code": sub_code, "sub_msg": sub_message}
    return {"error_response": {name: value for name, value in error.items() if value}}
