"""A channel that pays back what it has collected, in Baton's own format: once per key, and never what it refuses."""

from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.endpoints import Body, Endpoints
from simulators.listings import TOKEN

TROUBLES = ("refused", "failing", "lost")


def _troubles(value: Any) -> str | None:
    good = isinstance(value, dict) and set(value) <= set(TROUBLES)
    return None if good else f"an object of {', '.join(TROUBLES)}"


@dataclass(slots=True)
class ChannelRefunds:
    """Refunds of orders in `refused` are refused; the next `failing` calls get a 500, and for `lost` ones the answer is
    lost."""

    endpoints: Endpoints
    paid: dict[str, Body] = field(default_factory=dict)
    """Refunds by key."""
    refused: list[str] = field(default_factory=list)
    failing: int = 0
    lost: int = 0

    def routes(self) -> list[Route]:
        return [
            Route("/refunds", self._pay, methods=["POST"]),
            Route("/refunds", self.endpoints.view(self._look), methods=["GET"]),
            Route("/refunds/troubles", self.endpoints.control(_troubles, self._go_wrong), methods=["POST"]),
        ]

    async def _pay(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return JSONResponse({"title": "unauthorized"}, 401)
        if self.failing > 0:
            self.failing -= 1
            return JSONResponse({"title": "not now"}, 500)
        key, body = request.headers.get("idempotency-key", ""), await request.json()
        if key not in self.paid:
            if body["channel_order_id"] in self.refused:
                return JSONResponse({"code": "over_its_time", "title": "refused"}, 422)
            self.paid[key] = body | {"refund_id": f"CR-{len(self.paid) + 1}", "refund_key": key}
        if self.lost > 0:
            self.lost -= 1
            return JSONResponse({"title": "nobody hears it"}, 504)
        return JSONResponse({"refund_id": self.paid[key]["refund_id"], "status": "succeeded"}, 201)

    def _look(self, request: Request, body: Body) -> tuple[int, Body]:
        return 200, {"refunds": list(self.paid.values())}

    def _go_wrong(self, request: Request, body: Body) -> tuple[int, Body]:
        for name, value in body.items():
            setattr(self, name, value)
        return 200, body
