"""What goes wrong with a whole partner, switched on and off while it runs: it meets whatever Baton asks."""

import asyncio
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from simulators.desk import Body, Desk
from simulators.mood import Kind
from simulators.shapes import one_of, seconds

TROUBLE = {"kind": one_of(Kind), "seconds?": seconds, "every?": int}
LIE = {"success": False, "error": {"code": "internal", "message": "it did not work"}}


class Gate:
    """Stands before the routes of one partner. Only what is signed meets the trouble; people and tests never do."""

    def __init__(self, desk: Desk, routes: list[Any]) -> None:
        self._mood = desk.mood
        own: list[BaseRoute] = [
            Route("/trouble", desk.poke(TROUBLE, self._change), methods=["PUT"]),
            Route("/trouble", desk.view(self._look), methods=["GET"]),
        ]
        self._partner = Router([*own, *routes])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        signed = scope["type"] == "http" and any(name == b"webhook-signature" for name, _ in scope["headers"])
        match self._mood.met() if signed else Kind.NONE:
            case Kind.DOWN:
                await _say(503, {"title": "out of order"}, scope, receive, send)
            case Kind.LYING:
                await _say(200, LIE, scope, receive, send)
            case Kind.SLOW:
                await asyncio.sleep(self._mood.seconds)
                await self._partner(scope, receive, send)
            case Kind.LOST_ANSWER:
                await self._partner(scope, receive, _losing(send))
            case Kind.TWICE:
                await _twice(self._partner, scope, receive, send)
            case _:
                await self._partner(scope, receive, send)

    def _change(self, request: Request, body: Body) -> tuple[int, Body]:
        self._mood.change(Kind(body["kind"]), float(body.get("seconds", 0)), body.get("every", 1))
        return 200, asdict(self._mood)

    def _look(self, request: Request, body: Body) -> tuple[int, Body]:
        return 200, asdict(self._mood)


async def _say(status: int, body: Body, scope: Scope, receive: Receive, send: Send) -> None:
    await Request(scope, receive).body()
    await JSONResponse(body, status)(scope, receive, send)


def _losing(send: Send) -> Send:
    """The answer is announced and never comes: the connection ends before it."""

    async def lose(message: Message) -> None:
        if message["type"] == "http.response.start":
            await send(message)

    return lose


async def _twice(partner: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """As if a proxy had sent it again; the second answer counts."""
    content = await Request(scope, receive).body()

    async def again() -> Message:
        return {"type": "http.request", "body": content, "more_body": False}

    async def unheard(message: Message) -> None:
        pass

    await partner(dict(scope), again, unheard)
    await partner(scope, again, send)
