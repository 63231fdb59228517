"""Checks path, query and headers before every route: no unknown query parameter and no control character."""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Query
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import FieldError, invalid, invalid_fields

MAX_QUERY = 8_000
MAX_PARAMETERS = 200
CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
CONTROLS_IN_HEADER = re.compile(rb"[\x00-\x08\x0a-\x1f]")
TEXT = "has a control character"

ANY_QUERY: Mapping[str, Any] = {
    "name": "parameters",
    "in": "query",
    "style": "form",
    "explode": True,
    "description": "What the sender's platform adds to the address",
    "schema": {"type": "object", "additionalProperties": {"type": "string"}},
}
"""A parameter for `openapi_extra` of a route that platforms call with parameters of their own."""


class ParameterCheck:
    """Wraps a route: a 422 for a query parameter that the OpenAPI document does not name, or for a control character.

    It runs inside the exception handlers and before anything the route does, even before its key is checked. For a
    request without a query it only looks at the headers.
    """

    def __init__(self, app: ASGIApp, known: frozenset[str] | None) -> None:
        """`known` are the names of the query parameters; None allows any."""
        self._app = app
        self._known = known

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            if query := scope["query_string"]:
                _check_query(query, self._known)
            for name, value in scope["path_params"].items():
                if isinstance(value, str) and CONTROLS.search(value):
                    raise invalid(name, TEXT)
            # One search for all: it hardly ever finds anything.
            if CONTROLS_IN_HEADER.search(b"".join([content for _, content in scope["headers"]])):
                header = next(name for name, content in scope["headers"] if CONTROLS_IN_HEADER.search(content))
                raise invalid(header.decode("latin-1"), TEXT)
        await self._app(scope, receive, send)


def check_parameters(routes: Iterable[BaseRoute]) -> None:
    """Wrap each of these routes once, however many apps have them."""
    for route in routes:
        if isinstance(route, APIRoute) and not isinstance(route.app, ParameterCheck):
            route.app = ParameterCheck(route.app, _known(route))


def _known(route: APIRoute) -> frozenset[str] | None:
    declared = (route.openapi_extra or {}).get("parameters", [])
    if ANY_QUERY in declared:
        return None
    names = {field.alias for field in get_flat_params(route.dependant) if isinstance(field.field_info, Query)}
    return frozenset(names | {one["name"] for one in declared if one["in"] == "query"})


def _check_query(query: bytes, known: frozenset[str] | None) -> None:
    if len(query) > MAX_QUERY:
        raise invalid("query", f"is longer than {MAX_QUERY} characters")
    try:
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True, max_num_fields=MAX_PARAMETERS)
    except ValueError:
        raise invalid("query", f"has more than {MAX_PARAMETERS} parameters") from None
    errors: dict[str, FieldError] = {}
    for name, value in pairs:
        shown = CONTROLS.sub("?", name)[:100] or "(no name)"
        if known is not None and name not in known:
            errors[shown] = {"field": shown, "message": "this parameter is not known"}
        elif CONTROLS.search(name) or CONTROLS.search(value):
            errors[shown] = {"field": shown, "message": TEXT}
    if errors:
        raise invalid_fields(list(errors.values()))
