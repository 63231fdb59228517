"""A partner's statements: its lists by time of the last change, a page at a time, or by id."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from heapq import nsmallest
from typing import NamedTuple

from starlette.requests import Request
from starlette.routing import Route

from simulators.endpoints import Body, Endpoints
from simulators.problems import Problem

MAX_PAGE_SIZE = 500
BEGINNING, END = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)


class Line(NamedTuple):
    """An entry with the time of its last change and its id, by which lists are sorted."""

    at: datetime
    id: str
    entry: Body


@dataclass(slots=True)
class Statements:
    """`books` has a function for each list that yields its current entries."""

    endpoints: Endpoints
    books: Mapping[str, Callable[[], Iterable[Line]]]

    def routes(self) -> list[Route]:
        return [Route("/statements/{book}", self.endpoints.query(self._list), methods=["GET"])]

    def _list(self, request: Request, body: Body) -> tuple[int, Body]:
        book, query = request.path_params["book"], request.query_params
        if book not in self.books:
            raise Problem(404, "unknown", "there is no such list here")
        if ids := set(query.getlist("id")):
            return 200, {"items": [line.entry for line in self.books[book]() if line.id in ids]}
        try:
            start, end = (_time(query.get(name), default) for name, default in (("from", BEGINNING), ("to", END)))
            after, limit = _position(query.get("cursor", "")), int(query.get("limit", "100"))
        except ValueError:
            raise Problem(422, "invalid_query", "from, to, cursor or limit is not what it must be") from None
        size = min(limit, MAX_PAGE_SIZE)
        wanted = (line for line in self.books[book]() if start <= line.at < end and line[:2] > after)
        lines = nsmallest(size + 1, wanted, key=lambda line: line[:2])
        page, more = lines[:size], len(lines) > size
        return 200, {"items": [line.entry for line in page], "next_cursor": _cursor(page[-1]) if more else ""}


def _time(text: str | None, default: datetime) -> datetime:
    return datetime.fromisoformat(text) if text else default


def _cursor(line: Line) -> str:
    return urlsafe_b64encode(json.dumps([line.at.isoformat(), line.id]).encode()).decode()


def _position(cursor: str) -> tuple[datetime, str]:
    if not cursor:
        return BEGINNING, ""
    at, name = json.loads(urlsafe_b64decode(cursor))
    return datetime.fromisoformat(at), name
