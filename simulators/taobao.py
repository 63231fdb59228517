"""Taobao's open platform as far as trades are read and sent: one address, a method in the form, errors inside a 200."""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.desk import Body
from simulators.shelf import Shelf
from simulators.taobao_sends import TaobaoSends

KEY, SECRET, SESSION = "simulated-app", "simulated-secret", "simulated-session"
ZONE = ZoneInfo("Asia/Shanghai")
FORM = "%Y-%m-%d %H:%M:%S"
LONGEST = timedelta(days=1)


@dataclass(slots=True)
class Taobao:
    shelf: Shelf
    sends: TaobaoSends

    def routes(self) -> list[Route]:
        asked = [Route("/router/rest", self._call, methods=["POST"])]
        return [*asked, *self.shelf.routes(self._put), *self.sends.routes()]

    def _put(self, request: Request, body: Body) -> tuple[int, Body]:
        local = body.get("modified") or self.shelf.now().astimezone(ZONE).strftime(FORM)
        self.shelf.put(str(body["tid"]), body | {"modified": local}, _moment(local))
        return 201, {"tid": body["tid"], "modified": local}

    async def _call(self, request: Request) -> Response:
        asked = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
        if self.shelf.fails(asked.get("tid", "")):
            return self._answer({"errors": "Internal Server Error"}, 500)
        answer = self._refused(asked) or self._done(asked)
        if asked["method"].endswith(".send") and self.shelf.loses_answer():
            return self._answer({"errors": "Gateway Timeout"}, 504)
        return self._answer(answer)

    def _refused(self, asked: dict[str, str]) -> Body | None:
        signed = "".join(name + value for name, value in sorted(asked.items()) if name != "sign")
        if hmac.digest(SECRET.encode(), signed.encode(), "sha256").hex().upper() != asked.get("sign"):
            return _error(25, "Invalid signature", "isv.invalid-signature")
        if asked.get("session") != SESSION or asked.get("app_key") != KEY:
            return _error(27, "Invalid session", "invalid-sessionkey")
        if self.shelf.is_limited():
            ban = f"This ban will last for {self.shelf.retry_after:.0f} more seconds"
            return _error(7, "App Call Limited", "accesscontrol.limited-by-app-access-count", ban)
        return None

    def _done(self, asked: dict[str, str]) -> Body:
        self.shelf.asked[asked.get("tid", "list")] += 1
        match asked["method"]:
            case "taobao.trades.sold.increment.get":
                return self._list(asked)
            case "taobao.trade.fullinfo.get" if asked["tid"] in self.shelf.orders:
                return {"trade_fullinfo_get_response": {"trade": self.shelf.orders[asked["tid"]]}}
            case "taobao.trade.fullinfo.get":
                return _error(15, "Remote service error", "isv.trade-not-exist")
            case "taobao.logistics.offline.send" | "taobao.logistics.online.send":
                refused = self.sends.send(asked)
                name = asked["method"].removeprefix("taobao.").replace(".", "_")
                done = {f"{name}_response": {"shipping": {"is_success": True}}}
                return _error(15, "Remote service error", refused) if refused else done
        return _error(22, "Invalid method")

    def _list(self, asked: dict[str, str]) -> Body:
        start, end = _moment(asked["start_modified"]), _moment(asked["end_modified"])
        if end - start > LONGEST:
            return _error(41, "Invalid arguments", "isv.invalid-parameter")
        # Newest change first, and by number of the page: whoever pages forward misses what moves meanwhile.
        names = self.shelf.between(start, end)[::-1]
        size, number = int(asked["page_size"]), int(asked["page_no"])
        given = names[(number - 1) * size : number * size]
        trades = [{"tid": int(name), "modified": self.shelf.orders[name]["modified"]} for name in given]
        if asked.get("use_has_next") != "false" and (changing := self.shelf.page_given()):
            changed = self.shelf.changed[changing].astimezone(ZONE).strftime(FORM)
            self.shelf.orders[changing] = self.shelf.orders[changing] | {"modified": changed}
        return {"trades_sold_increment_get_response": {"total_results": len(names), "trades": {"trade": trades}}}

    def _answer(self, body: Body, status: int = 200) -> Response:
        return JSONResponse(body, status, headers=self.shelf.date())


def _moment(local: str) -> datetime:
    return datetime.strptime(local, FORM).replace(tzinfo=ZONE)


def _error(code: int, message: str, sub_code: str = "", sub_message: str = "") -> Body:
    told = {"code": code, "msg": message, "sub_code": sub_code, "sub_msg": sub_message}
    return {"error_response": {name: value for name, value in told.items() if value}}
