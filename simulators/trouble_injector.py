"""Injects a trouble into all calls of a partner, switched on and off while it runs."""

import asyncio
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from simulators.endpoints import Body, Endpoints
from simulators.shapes import one_of, seconds
from simulators.trouble_state import TroubleKind

TROUBLE = {"kind": one_of(TroubleKind), "seconds?": seconds, "every?": int}
LIE = {"success": False, "error": {"code": "internal", "message": "it did not work"}}


class TroubleInjector:
    """Wraps the routes of one partner. Only signed calls meet the trouble, never those of people and tests."""

    def __init__(self, endpoints: Endpoints, routes: list[Any]) -> None:
        self._trouble = endpoints.trouble
        own: list[BaseRoute] = [
            Route("/trouble", endpoints.control(TROUBLE, self._change), methods=["PUT"]),
            Route("/trouble", endpoints.view(self._look), methods=["GET"]),
        ]
        self._partner = Router([*own, *routes])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        signed = scope["type"] == "http" and any(name == b"webhook-signature" for name, _ in scope["headers"])
        match self._trouble.next_call() if signed else TroubleKind.NONE:
            case TroubleKind.DOWN:
                await _respond(503, {"title": "out of order"}, scope, receive, send)
            case TroubleKind.LYING:
                await _respond(200, LIE, scope, receive, send)
            case TroubleKind.SLOW:
                await asyncio.sleep(self._trouble.seconds)
                await self._partner(scope, receive, send)
            case TroubleKind.LOST_ANSWER:
                await self._partner(scope, receive, _losing_body(send))
            case TroubleKind.TWICE:
                await _twice(self._partner, scope, receive, send)
            case _:
                await self._partner(scope, receive, send)

    def _change(self, request: Request, body: Body) -> tuple[int, Body]:
        self._trouble.change(TroubleKind(body["kind"]), float(body.get("seconds", 0)), body.get("every", 1))
        return 200, asdict(self._trouble)

    def _look(self, request: Request, body: Body) -> tuple[int, Body]:
        return 200, asdict(self._trouble)


async def _respond(status: int, body: Body, scope: Scope, receive: Receive, send: Send) -> None:
    await Request(scope, receive).body()
    await JSONResponse(body, status)(scope, receive, send)


def _losing_body(send: Send) -> Send:
    """Send the start of the answer but no body, so that the connection ends in the middle."""

    async def lose(message: Message) -> None:
        if message["type"] == "http.response.start":
            await send(message)

    return lose


async def _twice(partner: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Handle the call twice, as if a proxy had repeated it; the second answer is returned."""
    content = await Request(scope, receive).body()

    async def again() -> Message:
        return {"type": "http.request", "body": content, "more_body": False}

    async def unheard(message: Message) -> None:
        pass

    await partner(dict(scope), again, unheard)
    await partner(scope, again, send)
