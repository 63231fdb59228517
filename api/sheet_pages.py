"""Asks a list's own route for page after page, as its caller would."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any
from urllib.parse import urlencode

from anyio import to_thread
from fastapi import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Scope

from api.asking import answer_of
from api.dependencies import caller_of, services_of

PAUSES = (0.5, 2.0, 5.0)
"""Seconds before a page is asked for again that the database did not answer."""


class SheetBroken(Exception):
    """A later page was refused, the key was revoked, or nobody reads. The connection is closed, so that nobody takes a
    part for the whole."""


async def pages_of(
    app: ASGIApp, scope: Scope, query: Sequence[tuple[str, str]], limit: int
) -> AsyncIterator[list[Any] | Response]:
    """Yield the items of each page, or the answer that is none, after which nothing follows. A `limit` of 0 is that of
    the route."""
    request, limits = Request(scope), [("limit", str(limit))] if limit else []
    asked = list(query)
    while True:
        answer = await _ask(app, scope, [*asked, *limits])
        if answer.status_code != 200:
            yield answer
            return
        page = await to_thread.run_sync(json.loads, bytes(answer.body))
        yield page["items"]
        if page["next_cursor"] is None:
            return
        if not await services_of(request).keys.in_force(caller_of(request)):
            raise SheetBroken("the key was revoked")
        asked = [pair for pair in query if pair[0] != "cursor"] + [("cursor", page["next_cursor"])]


async def _ask(app: ASGIApp, scope: Scope, query: Sequence[tuple[str, str]]) -> Response:
    alone = dict(scope) | {"query_string": urlencode(query).encode()}
    answer = await answer_of(app, alone)
    for pause in PAUSES:
        if answer.status_code != 503:
            break
        await asyncio.sleep(pause)
        answer = await answer_of(app, alone)
    return answer
