"""A channel that receives parcels in Baton's own format: each only once, those of an order with increasing times."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.endpoints import Body, Endpoints
from simulators.listings import TOKEN

TROUBLES = ("unpaid", "failing", "lost")


def _troubles(value: Any) -> str | None:
    good = isinstance(value, dict) and set(value) <= set(TROUBLES)
    return None if good else f"an object of {', '.join(TROUBLES)}"


@dataclass(slots=True)
class Shipments:
    """Orders in `unpaid` are refused; the next `failing` calls get a 500, and for `lost` ones the answer is lost."""

    endpoints: Endpoints
    received: list[Body] = field(default_factory=list)
    answers: dict[str, tuple[int, Body]] = field(default_factory=dict)
    unpaid: list[str] = field(default_factory=list)
    failing: int = 0
    lost: int = 0

    def routes(self) -> list[Route]:
        return [
            Route("/shipments", self._receive, methods=["POST"]),
            Route("/shipments", self.endpoints.view(self._look), methods=["GET"]),
            Route("/shipments/troubles", self.endpoints.control(_troubles, self._go_wrong), methods=["POST"]),
        ]

    async def _receive(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return JSONResponse({"title": "unauthorized"}, 401)
        if self.failing > 0:
            self.failing -= 1
            return JSONResponse({"title": "not now"}, 500)
        key, body = request.headers.get("idempotency-key", ""), await request.json()
        if key not in self.answers:
            refused = self._refused(body)
            answer = (422, {"code": refused, "title": "refused"}) if refused else (201, {})
            if refused:
                return JSONResponse(answer[1], answer[0])
            self.received.append(body)
            self.answers[key] = answer
        if self.lost > 0:
            self.lost -= 1
            return JSONResponse({"title": "nobody hears it"}, 504)
        status, content = self.answers[key]
        return JSONResponse(content, status)

    def _refused(self, body: Body) -> str:
        """The code for refusing this parcel, or empty."""
        at = datetime.fromisoformat(body["shipped_at"])
        before = [one for one in self.received if one["channel_order_id"] == body["channel_order_id"]]
        if body["channel_order_id"] in self.unpaid:
            return "not_paid"
        if at > datetime.now(UTC) or any(at <= datetime.fromisoformat(one["shipped_at"]) for one in before):
            return "time_not_increasing"
        if any(one["waybill"] == body["waybill"] and one["lines"] == body["lines"] for one in before):
            return "already_shipped"
        return ""

    def _look(self, request: Request, body: Body) -> tuple[int, Body]:
        return 200, {"shipments": self.received}

    def _go_wrong(self, request: Request, body: Body) -> tuple[int, Body]:
        for name, value in body.items():
            setattr(self, name, value)
        return 200, body
