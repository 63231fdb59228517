"""Ids, filters and cursors of lists. A page starts after the last row of the page before, so that rows which arrive in
the meantime shift nothing."""

from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, TypeVar

from fastapi import Path, Query

from api.errors import Problem, invalid
from api.schemas import NO_CONTROLS

Row = TypeVar("Row")

# A text with a NUL must not reach PostgreSQL, which refuses it.
PathId = Annotated[str, Path(max_length=200, pattern=NO_CONTROLS)]
Filter = Annotated[str | None, Query(max_length=200, pattern=NO_CONTROLS)]
Cursor = Annotated[
    str | None, Query(max_length=500, pattern=r"^[A-Za-z0-9_=-]*$", description="`next_cursor` of the page before")
]
Limit = Annotated[int, Query(ge=1, le=200, description="How many at most")]


def after(cursor: str | None) -> str | None:
    """Return the key of the last row shown, or None for the first page. A 422 for a cursor that no list gave."""
    if cursor is None:
        return None
    try:
        text = b64decode(cursor, altchars=b"-_", validate=True).decode()
    except ValueError:
        raise not_a_cursor() from None
    if not text or not text.isprintable():
        raise not_a_cursor()
    return text


def after_number(cursor: str | None) -> int | None:
    """The same for lists sorted by a number."""
    last = after(cursor)
    if last is not None and not (last.isascii() and last.isdigit() and len(last) <= 18):
        raise not_a_cursor()
    return None if last is None else int(last)


def after_moment(cursor: str | None) -> tuple[datetime, str] | None:
    """The same for lists sorted by a time and then by an id."""
    last = after(cursor)
    return None if last is None else read_moment(last)


def read_moment(key: str) -> tuple[datetime, str]:
    """Return what `moment_key` was given."""
    at, slash, name = key.partition("/")
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        raise not_a_cursor() from None
    if not slash or moment.tzinfo is None:
        raise not_a_cursor()
    return moment, name


def moment_key(at: datetime, name: str) -> str:
    """Return the key of a row in a list sorted by a time and then by an id."""
    return f"{at.isoformat()}/{name}"


def not_a_cursor() -> Problem:
    return invalid("cursor", "not a cursor that this list gave")


def cut(rows: Sequence[Row], limit: int, key: Callable[[Row], object]) -> tuple[list[Row], str | None]:
    """Cut a page out of up to `limit + 1` rows; return it with the cursor of the next page, None on the last."""
    if len(rows) <= limit:
        return list(rows), None
    return list(rows[:limit]), as_cursor(str(key(rows[limit - 1])))


def as_cursor(key: str) -> str:
    """Return the cursor for a page that starts after this key."""
    return urlsafe_b64encode(key.encode()).decode()
