"""Shopify's Admin REST API, the part for reading orders: lists by the time of the last change, with cursors."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.endpoints import Body
from simulators.platform_state import PlatformState

TOKEN = "shpat_simulated"
BUCKET = 40


@dataclass(slots=True)
class Shopify:
    state: PlatformState

    def routes(self) -> list[Route]:
        return [
            Route("/admin/api/{version}/orders.json", self._list),
            Route("/admin/api/{version}/orders/{id}.json", self._one),
            *self.state.routes(self._put),
        ]

    def _put(self, request: Request, body: Body) -> tuple[int, Body]:
        changed = datetime.fromisoformat(body.get("updated_at") or self.state.now().isoformat())
        self.state.put(str(body["id"]), body | {"updated_at": changed.isoformat()}, changed)
        return 201, {"id": body["id"], "updated_at": changed.isoformat()}

    async def _list(self, request: Request) -> Response:
        if refused := refused_call(self.state, request, "list"):
            return refused
        limit = int(request.query_params.get("limit", "50"))
        if cursor := request.query_params.get("page_info"):
            try:
                query = json.loads(urlsafe_b64decode(cursor))
            except ValueError:
                return self._answer({"errors": {"page_info": "Invalid value."}}, 400)
        else:
            query = {name: request.query_params[f"updated_at_{name}"] for name in ("min", "max")} | {"last": ["", ""]}
        start, end = (datetime.fromisoformat(query[name]) for name in ("min", "max"))
        names = [
            name
            for name in self.state.between(start, end)
            if [self.state.changed[name].isoformat(), name] > query["last"]
        ]
        orders = [self.state.orders[name] for name in names[:limit]]
        link = {}
        if len(names) > limit:
            last = [self.state.changed[names[limit - 1]].isoformat(), names[limit - 1]]
            following = urlsafe_b64encode(json.dumps(query | {"last": last}).encode()).decode()
            link = {"Link": f'<{request.url.replace(query="")}?limit={limit}&page_info={following}>; rel="next"'}
        if fields := request.query_params.get("fields"):
            orders = [{name: order[name] for name in fields.split(",")} for order in orders]
        if changing := self.state.page_given():
            changed = self.state.changed[changing].isoformat()
            self.state.orders[changing] = self.state.orders[changing] | {"updated_at": changed}
        return self._answer({"orders": orders}, headers=link)

    async def _one(self, request: Request) -> Response:
        if refused := refused_call(self.state, request, request.path_params["id"]):
            return refused
        order = self.state.orders.get(request.path_params["id"])
        return self._answer({"order": order}) if order else self._answer({"errors": "Not Found"}, 404)

    def _answer(self, body: Body, status: int = 200, headers: dict[str, str] | None = None) -> Response:
        return answer(self.state, body, status, headers)


def refused_call(state: PlatformState, request: Request, name: str) -> Response | None:
    """Count a call by its name; return the answer if it is not taken."""
    state.asked[name] += 1
    if request.headers.get("x-shopify-access-token") != TOKEN:
        return answer(state, {"errors": "[API] Invalid API key or access token"}, 401)
    if state.is_limited():
        wait = {"Retry-After": str(state.retry_after)}
        return answer(state, {"errors": "Exceeded 2 calls per second for api client."}, 429, wait)
    return answer(state, {"errors": "Internal Server Error"}, 500) if state.fails(name) else None


def answer(state: PlatformState, body: Body, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    limit = {"X-Shopify-Shop-Api-Call-Limit": f"1/{BUCKET}"}
    return JSONResponse(body, status, headers=state.date() | limit | (headers or {}))
