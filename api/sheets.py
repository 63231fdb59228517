"""Every list as a sheet: `?format=csv` or `xlsx` answers all of its pages in one file, by the same filters and rights.

One wrapper of all routes that answer a `Page` asks the route itself for page after page. So a sheet shows what the list
shows, and only one page of it is held at a time.
"""

import asyncio
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from tempfile import TemporaryFile
from typing import IO, Any, ClassVar
from urllib.parse import parse_qsl

from anyio import to_thread
from fastapi import Request
from fastapi.dependencies.utils import get_flat_params
from fastapi.routing import APIRoute
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.dependencies import caller_of
from api.errors import BUSY, Problem, invalid
from api.schemas import Page
from api.sheet_columns import cells_of, columns_of, item_of
from api.sheet_files import XlsxSheet, csv_text
from api.sheet_pages import SheetBroken, pages_of

FORMAT = "format"
MEDIA = {"csv": "text/csv", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
PARAMETER = {
    "name": FORMAT,
    "in": "query",
    "required": False,
    "description": "The whole list as a sheet, from `cursor` on, instead of one page as JSON",
    "schema": {"type": "string", "enum": list(MEDIA)},
}
MOST_XLSX_ROWS = 100_000
"""XLSX is made before it is sent; CSV has no limit."""
AT_ONCE, AT_ONCE_FOR_A_KEY = 4, 2
"""Sheets that one process makes at a time, of all keys and of one, since each reads for as long as it is made."""
MOST_SECONDS = 300.0
"""How long an XLSX is made: its caller hears nothing meanwhile."""
READ_SECONDS, LEAST_A_SECOND = 30.0, 20_000
"""A reader may keep us waiting for so long, and a second more for each 20,000 bytes that it has read: a trickle holds
up nobody else's sheets."""
ROWS_OF_A_PAGE = 200
CHUNK_BYTES = 65_536
NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9._-]+")
"""Of a path: it may hold ids of other people's systems, and a header has no quotes and no other letters in it."""


class SheetRoute:
    """Wraps a route that answers a Page: with `?format=` the whole list is a sheet."""

    making = 0
    """How many this process makes now, of all lists."""
    of_keys: ClassVar = Counter[str]()
    """The same by key."""

    def __init__(self, app: ASGIApp, columns: Iterable[str], is_limited: bool) -> None:
        self._app = app
        self._columns = list(columns)
        self._is_limited = is_limited

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True, encoding="utf-8")
        given = dict(query)
        if FORMAT not in given:
            await self._app(scope, receive, send)
            return
        if given[FORMAT] not in MEDIA:
            raise invalid(FORMAT, f"is one of {', '.join(MEDIA)}")
        if "limit" in given:
            raise invalid("limit", "a sheet has the whole list")
        request = Request(scope, receive)
        key = caller_of(request).key_id
        if SheetRoute.making >= AT_ONCE or SheetRoute.of_keys[key] >= AT_ONCE_FOR_A_KEY:
            raise Problem(BUSY, "enough sheets are being made; try again", headers={"Retry-After": "10"})
        SheetRoute.making += 1
        SheetRoute.of_keys[key] += 1
        try:
            asked = [(name, value) for name, value in query if name not in (FORMAT, "count")]
            pages = pages_of(self._app, scope, asked, ROWS_OF_A_PAGE if self._is_limited else 0)
            response = await self._response(request, given[FORMAT], pages)
            await response(scope, receive, _impatient(send))
        finally:
            SheetRoute.making -= 1
            SheetRoute.of_keys -= Counter([key])

    async def _response(self, request: Request, kind: str, pages: AsyncIterator[list[Any] | Response]) -> Response:
        first = await anext(pages)
        if isinstance(first, Response):
            return first
        name = NOT_IN_A_NAME.sub("-", request.scope["path"].strip("/"))
        headers = {"Content-Disposition": f'attachment; filename="{name}.{kind}"', "Cache-Control": "no-store"}
        if kind == "csv":
            return StreamingResponse(self._csv(first, pages), headers=headers, media_type=MEDIA[kind])
        file = await self._xlsx(request, first, pages)
        return StreamingResponse(_parts(file), headers=headers, media_type=MEDIA[kind])

    async def _csv(self, rows: list[Any], pages: AsyncIterator[list[Any] | Response]) -> AsyncIterator[str]:
        yield csv_text([self._columns, *self._cells(rows)])
        async for page in pages:
            if isinstance(page, Response):
                raise SheetBroken(f"a page was answered with {page.status_code}")
            yield await to_thread.run_sync(csv_text, self._cells(page))

    async def _xlsx(self, request: Request, rows: list[Any], pages: AsyncIterator[list[Any] | Response]) -> IO[bytes]:
        sheet = XlsxSheet(self._columns)
        try:
            await self._fill(request, sheet, rows, pages)
        except BaseException:
            sheet.discard()
            raise
        file = TemporaryFile()  # noqa: SIM115  It is closed when it was sent.
        await to_thread.run_sync(sheet.save, file)
        return file

    async def _fill(
        self, request: Request, sheet: XlsxSheet, rows: list[Any], pages: AsyncIterator[list[Any] | Response]
    ) -> None:
        written, until = len(rows), time.monotonic() + MOST_SECONDS
        await to_thread.run_sync(sheet.add, self._cells(rows))
        async for page in pages:
            if isinstance(page, Response):
                raise Problem(BUSY, "a page of the list was not answered; try again", headers={"Retry-After": "10"})
            if await request.is_disconnected():
                raise Problem(BUSY, "nobody waits for this sheet any more")
            if time.monotonic() > until:
                raise invalid(FORMAT, f"it takes more than {MOST_SECONDS:.0f} seconds: ask for csv, or filter it")
            written += len(page)
            if written > MOST_XLSX_ROWS:
                raise invalid(FORMAT, f"it has more than {MOST_XLSX_ROWS:,} rows: ask for csv, or filter it")
            await to_thread.run_sync(sheet.add, self._cells(page))

    def _cells(self, items: list[Any]) -> list[list[Any]]:
        return [cells_of(item, self._columns) for item in items]


def _impatient(send: Send) -> Send:
    """Return a `send` that gives up a client which reads too slowly; what is being made meanwhile does not count."""
    waited, size = 0.0, 0

    async def send_in_time(message: Message) -> None:
        nonlocal waited, size
        size += len(message.get("body", b""))
        began = time.monotonic()
        try:
            async with asyncio.timeout(READ_SECONDS + size / LEAST_A_SECOND - waited):
                await send(message)
        except TimeoutError:
            raise SheetBroken("its reader is too slow") from None
        waited += time.monotonic() - began

    return send_in_time


async def _parts(file: IO[bytes]) -> AsyncIterator[bytes]:
    with file:
        file.seek(0)
        while part := await to_thread.run_sync(file.read, CHUNK_BYTES):
            yield part


def offer_sheets(routes: Iterable[BaseRoute]) -> None:
    """Let each of these routes that answers a Page answer sheets too. Call it before the routes' rights are guarded."""
    for route in routes:
        if not isinstance(route, APIRoute) or route.methods != {"GET"} or not _is_page(route.response_model):
            continue
        extra = route.openapi_extra or {}
        if PARAMETER in extra.get("parameters", []):
            # All apps of this process share the routes, and the first has wrapped each already.
            continue
        names = {field.alias for field in get_flat_params(route.dependant)}
        route.app = SheetRoute(route.app, columns_of(item_of(route.response_model)), "limit" in names)
        route.openapi_extra = extra | {"parameters": [*extra.get("parameters", []), PARAMETER]}
        described = dict(route.responses[200])
        sheets = {media: {"schema": {"type": "string"}} for media in MEDIA.values()}
        route.responses[200] = described | {"content": described["content"] | sheets}


def _is_page(model: Any) -> bool:
    return isinstance(model, type) and issubclass(model, Page)
