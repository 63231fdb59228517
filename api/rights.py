"""Deny by default: each route names the right it needs, or that it is open; the right is checked before it runs.

A route names its right by the caller that it takes (`caller: Reader`), or by `needs(right)` in its `openapi_extra` when
it reads the request by itself; or it is `OPEN`. A route that names none keeps the app from starting.
"""

from collections.abc import Iterable
from typing import Any

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access import Caller, Right
from api.dependencies import Needs, find_caller, services_of
from api.errors import FORBIDDEN, Problem
from api.parameter_check import ParameterCheck

EXTENSION = "x-baton-right"
"""The field of an operation in the OpenAPI document that names its right."""

DOCUMENTATION = frozenset({"/openapi.json", "/docs", "/docs/oauth2-redirect", "/docs/files"})
"""The pages of the documentation, which are open to everybody."""


class UndeclaredRight(RuntimeError):
    """A route does not name its right."""


class RightCheck:
    """Wraps a route: its caller must have the right and quota. A 401, 403 or 429 is answered before any body is read;
    every answer has the remaining quota in its headers."""

    def __init__(self, app: ASGIApp, right: Right) -> None:
        self._app = app
        self._right = right

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        quotas, inside = services_of(request).quotas, scope.get("caller")
        # A request from inside (api/inside.py) names its caller itself, and was charged when it was asked for.
        caller: Caller = inside or await find_caller(request)
        scope["caller"] = caller
        if inside is None:
            quotas.charge(caller, "requests", 1)
            quotas.charge(caller, "items", 1)
            announced = request.headers.get("content-length", "")
            if announced.isdigit() and len(announced) < 12:
                quotas.charge(caller, "bytes", int(announced))
        if not caller.may(self._right):
            raise Problem(FORBIDDEN, f"a key of the role {caller.role} may not do this")

        async def send_with_quota(message: Message) -> None:
            if message["type"] == "http.response.start":
                policy, remaining = quotas.policy.encode(), quotas.remaining(caller).encode()
                known = {name for name, _ in message["headers"]}
                added = (b"ratelimit-policy", policy), (b"ratelimit", remaining)
                message["headers"] = [*message["headers"], *(one for one in added if one[0] not in known)]
            await send(message)

        await self._app(scope, receive, send_with_quota)


def needs(right: Right) -> dict[str, Any]:
    """Return the `openapi_extra` of a route that reads the request by itself."""
    return {EXTENSION: right.value}


def guard(routes: Iterable[BaseRoute]) -> None:
    """Check the right of every route before it runs. Raises UndeclaredRight for a route that names none."""
    for route in routes:
        right = right_of(route)
        # All apps of this process share the routes, and the first of them has wrapped each already.
        if right is not None and isinstance(route, APIRoute) and not isinstance(route.app, RightCheck | ParameterCheck):
            route.app = RightCheck(route.app, right)
            route.openapi_extra = (route.openapi_extra or {}) | needs(right)


def right_of(route: BaseRoute) -> Right | None:
    """Return the right that a route names; None if it is open to everybody. Raises UndeclaredRight for neither."""
    if getattr(route, "path", None) in DOCUMENTATION:
        return None
    if isinstance(route, APIRoute):
        extra = route.openapi_extra or {}
        if extra.get("security") == []:
            return None
        found = {part.call.right for part in route.dependant.dependencies if isinstance(part.call, Needs)}
        if len(found | ({Right(extra[EXTENSION])} if EXTENSION in extra else set())) == 1:
            return found.pop() if found else Right(extra[EXTENSION])
    raise UndeclaredRight(f"{getattr(route, 'path', route)} does not say which right it needs")
