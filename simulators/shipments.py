"""A channel that receives parcels in Baton's own format: each only once, those of an order with increasing times."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.endpoints import Body
from simulators.own_format import OwnFormat

TROUBLES = ("unpaid", "failing", "lost")


@dataclass(slots=True)
class Shipments(OwnFormat):
    """Orders in `unpaid` are refused."""

    received: list[Body] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    """The keys of calls that were taken."""
    unpaid: list[str] = field(default_factory=list)

    def routes(self) -> list[Route]:
        return [
            Route("/shipments", self._receive, methods=["POST"]),
            Route("/shipments", self.endpoints.view(self._look), methods=["GET"]),
            Route("/shipments/troubles", self.endpoints.troubles(self, TROUBLES), methods=["POST"]),
        ]

    async def _receive(self, request: Request) -> Response:
        if refused := self.refused_call(request):
            return refused
        key, body = request.headers.get("idempotency-key", ""), await request.json()
        if key not in self.taken:
            if code := self._refusal(body):
                return JSONResponse({"code": code, "title": "refused"}, 422)
            self.received.append(body)
            self.taken.add(key)
        return self.lost_answer() or JSONResponse({}, 201)

    def _refusal(self, body: Body) -> str:
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
