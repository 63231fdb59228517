"""A channel that pays back what it has collected, in Baton's own format: once per key, and never what it refuses."""

from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.endpoints import Body
from simulators.own_format import OwnFormat

TROUBLES = ("refused", "failing", "lost")


@dataclass(slots=True)
class ChannelRefunds(OwnFormat):
    """Refunds of orders in `refused` are refused."""

    paid: dict[str, Body] = field(default_factory=dict)
    """Refunds by key."""
    refused: list[str] = field(default_factory=list)

    def routes(self) -> list[Route]:
        return [
            Route("/refunds", self._pay, methods=["POST"]),
            Route("/refunds", self.endpoints.view(self._look), methods=["GET"]),
            Route("/refunds/troubles", self.endpoints.troubles(self, TROUBLES), methods=["POST"]),
        ]

    async def _pay(self, request: Request) -> Response:
        if refused := self.refused_call(request):
            return refused
        key, body = request.headers.get("idempotency-key", ""), await request.json()
        if key not in self.paid:
            if body["channel_order_id"] in self.refused:
                return JSONResponse({"code": "over_its_time", "title": "refused"}, 422)
            self.paid[key] = body | {"refund_id": f"CR-{len(self.paid) + 1}", "refund_key": key}
        answer = {"refund_id": self.paid[key]["refund_id"], "status": "succeeded"}
        return self.lost_answer() or JSONResponse(answer, 201)

    def _look(self, request: Request, body: Body) -> tuple[int, Body]:
        return 200, {"refunds": list(self.paid.values())}
