"""What a partner lists of what it knows: by the time of the last change, a page at a time, or by id."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from heapq import nsmallest
from typing import NamedTuple

from starlette.requests import Request
from starlette.routing import Route

from simulators.desk import Body, Desk
from simulators.problems import Problem

LARGEST_PAGE = 500
BEGINNING, END = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)


class Line(NamedTuple):
    """An entry, by when it last changed and by its id."""

    at: datetime
    id: str
    entry: Body


@dataclass(slots=True)
class Statements:
    """`books` tell what the partner knows now, by the name of the list."""

    desk: Desk
    books: Mapping[str, Callable[[], Iterable[Line]]]

    def routes(self) -> list[Route]:
        return [Route("/statements/{book}", self.desk.question(self._list), methods=["GET"])]

    def _list(self, request: Request, body: Body) -> tuple[int, Body]:
        book, asked = request.path_params["book"], request.query_params
        if book not in self.books:
            raise Problem(404, "unknown", "there is no such list here")
        if ids := set(asked.getlist("id")):
            return 200, {"items": [line.entry for line in self.books[book]() if line.id in ids]}
        try:
            start, end = (_time(asked.get(name), otherwise) for name, otherwise in (("from", BEGINNING), ("to", END)))
            after, limit = _place(asked.get("cursor", "")), int(asked.get("limit", "100"))
        except ValueError:
            raise Problem(422, "invalid_query", "from, to, cursor or limit is not what it must be") from None
        size = min(limit, LARGEST_PAGE)
        wanted = (line for line in self.books[book]() if start <= line.at < end and line[:2] > after)
        lines = nsmallest(size + 1, wanted, key=lambda line: line[:2])
        page, more = lines[:size], len(lines) > size
        return 200, {"items": [line.entry for line in page], "next_cursor": _cursor(page[-1]) if more else ""}


def _time(text: str | None, otherwise: datetime) -> datetime:
    return datetime.fromisoformat(text) if text else otherwise


def _cursor(line: Line) -> str:
    return urlsafe_b64encode(json.dumps([line.at.isoformat(), line.id]).encode()).decode()


def _place(cursor: str) -> tuple[datetime, str]:
    if not cursor:
        return BEGINNING, ""
    at, name = json.loads(urlsafe_b64decode(cursor))
    return datetime.fromisoformat(at), name
