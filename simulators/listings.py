"""A channel that receives stock: it keeps each listing's newest quantity, and fails on demand."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.endpoints import Body, Endpoints

TOKEN = "simulated-token"
TROUBLES = ("limited", "retry_after", "failing", "unknown", "silent_about", "late_seconds")


@dataclass(slots=True)
class Listings:
    """The next `limited` calls get a 429 with `retry_after` seconds, the next `failing` ones a 500. Listings in
    `unknown` are refused, those in `silent_about` missing from the answer, which comes `late_seconds` late.

    `received` has every quantity in order of arrival, as (listing, quantity).
    """

    endpoints: Endpoints
    quantities: dict[str, int] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    received: list[tuple[str, int]] = field(default_factory=list)
    calls: int = 0
    limited: int = 0
    retry_after: float = 1.0
    failing: int = 0
    unknown: list[str] = field(default_factory=list)
    silent_about: list[str] = field(default_factory=list)
    late_seconds: float = 0.0

    def routes(self) -> list[Route]:
        return [Route("/stock", self._push, methods=["POST"]), *self.controls("/stock")]

    def controls(self, path: str) -> list[Route]:
        """Unsigned calls for people and tests: read the stock, and order troubles."""
        return [
            Route(path, self.endpoints.view(self._look), methods=["GET"]),
            Route(f"{path}/troubles", self.endpoints.troubles(self, TROUBLES), methods=["POST"]),
        ]

    def trouble(self) -> tuple[int, dict[str, str]] | None:
        """The status and headers with which this call fails, or None."""
        self.calls += 1
        if self.limited > 0:
            self.limited -= 1
            return 429, {"Retry-After": str(self.retry_after)}
        if self.failing > 0:
            self.failing -= 1
            return 500, {}
        return None

    def take(self, name: str, quantity: int, version: int | None = None) -> bool:
        """Keep the quantity unless a newer version is known. False if the listing is unknown."""
        if name in self.unknown:
            return False
        self.received.append((name, quantity))
        if version is None or version >= self.versions.get(name, 0):
            self.quantities[name] = quantity
            self.versions[name] = version or 0
        return True

    async def _push(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return JSONResponse({"title": "unauthorized"}, 401)
        if trouble := self.trouble():
            status, headers = trouble
            return JSONResponse({"title": "not now"}, status, headers)
        body = await request.json()
        answer = self._answer(body["listings"])
        await asyncio.sleep(self.late_seconds)
        return JSONResponse(answer)

    def _answer(self, listings: list[Mapping[str, Any]]) -> Body:
        accepted, refused = list[str](), list[str]()
        for one in listings:
            known = self.take(one["channel_sku"], one["quantity"], one["version"])
            if one["channel_sku"] not in self.silent_about:
                (accepted if known else refused).append(one["channel_sku"])
        return {
            "accepted": accepted,
            "refused": [{"channel_sku": name, "reason": "unknown_sku"} for name in refused],
        }

    def _look(self, request: Request, body: Body) -> tuple[int, Body]:
        return 200, {"calls": self.calls, "quantities": self.quantities, "told": self.received}
