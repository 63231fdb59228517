"""Deny by default: each route names the right it needs or that it is open, and the right is asked before it runs.

A route says so by the caller that it takes (`caller: Reader`), by `needs(right)` in its `openapi_extra` where it takes
the request apart by itself, or by `OPEN`. One that says nothing keeps the app from starting.
"""

from collections.abc import Iterable
from typing import Any

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access import Right
from api.dependencies import Needs, find_caller, services_of
from api.door import Door
from api.errors import FORBIDDEN, Problem

EXTENSION = "x-baton-right"
"""What an operation of the OpenAPI document says of its right."""

DOCUMENTATION = frozenset({"/openapi.json", "/docs", "/docs/oauth2-redirect", "/docs/files"})
"""What tells everybody how the API is used."""


class Undeclared(RuntimeError):
    """A route does not say who may call it."""


class RightAsked:
    """A route behind the question whether its caller has the right and quota. A 401, 403 or 429 comes before anything
    is read; every answer tells what is left of the quota."""

    def __init__(self, app: ASGIApp, right: Right) -> None:
        self._app = app
        self._right = right

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        caller, quotas = await find_caller(request), services_of(request).quotas
        scope["caller"] = caller
        quotas.charge(caller, "requests", 1)
        quotas.charge(caller, "items", 1)
        announced = request.headers.get("content-length", "")
        if announced.isdigit() and len(announced) < 12:
            quotas.charge(caller, "bytes", int(announced))
        if not caller.may(self._right):
            raise Problem(FORBIDDEN, f"a key of the role {caller.role} may not do this")

        async def send_with_quota(message: Message) -> None:
            if message["type"] == "http.response.start":
                told = (b"ratelimit-policy", quotas.policy.encode()), (b"ratelimit", quotas.left(caller).encode())
                known = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(one for one in told if one[0] not in known)]
            await send(message)

        await self._app(scope, receive, send_with_quota)


def needs(right: Right) -> dict[str, Any]:
    """The `openapi_extra` of a route that takes the request apart by itself."""
    return {EXTENSION: right.value}


def guard(routes: Iterable[BaseRoute]) -> None:
    """Put every route behind its right. An Undeclared for one that names none."""
    for route in routes:
        right = right_of(route)
        # The routes are those of all apps of this process, and the first of them has put the door before the right.
        if right is not None and isinstance(route, APIRoute) and not isinstance(route.app, RightAsked | Door):
            route.app = RightAsked(route.app, right)
            route.openapi_extra = (route.openapi_extra or {}) | needs(right)


def right_of(route: BaseRoute) -> Right | None:
    """The right that a route declares; None for one that is open to everybody. An Undeclared for neither."""
    if getattr(route, "path", None) in DOCUMENTATION:
        return None
    if isinstance(route, APIRoute):
        extra = route.openapi_extra or {}
        if extra.get("security") == []:
            return None
        found = {part.call.right for part in route.dependant.dependencies if isinstance(part.call, Needs)}
        if len(found | ({Right(extra[EXTENSION])} if EXTENSION in extra else set())) == 1:
            return found.pop() if found else Right(extra[EXTENSION])
    raise Undeclared(f"{getattr(route, 'path', route)} does not say which right it needs")
