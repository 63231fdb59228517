"""A batch as its single items, without reading more of it than may be sent."""

import re
from collections.abc import Iterator
from itertools import islice
from json import JSONDecoder

from api.dependencies import MAX_BODY_BYTES
from api.errors import invalid

MAX_ITEMS = 1_000
USUAL_ITEM = 20_000
"""Characters of an item that are looked at first: most end within them."""
SCANNER = JSONDecoder()
NOT_BLANK = re.compile(r"[^ \t\r\n]")


def split(raw: bytes) -> list[bytes]:
    """The items of a JSON array, or the lines of NDJSON, as they came. A 422 for neither, none, or too many."""
    text = raw.removeprefix(b"\xef\xbb\xbf").strip()
    items = list(islice(_items(text) if text.startswith(b"[") else _lines(text), MAX_ITEMS + 1))
    if not 1 <= len(items) <= MAX_ITEMS:
        raise invalid("body", f"{'more than' if items else 'less than 1, or more than'} {MAX_ITEMS} items")
    return items


def _lines(text: bytes) -> Iterator[bytes]:
    start = 0
    while start < len(text):
        end = text.find(b"\n", start)
        end = end if end >= 0 else len(text)
        if line := text[start:end].strip():
            yield line
        start = end + 1


def _items(raw: bytes) -> Iterator[bytes]:
    """One by one, so that what comes after too many, or after one that is too large, is never looked at."""
    try:
        text = raw.decode()
        at, between = _blank(text, 1), "["
        while text[at : at + 1] != "]" or between == ",":
            end = _end(text, at)
            yield text[at:end].encode()
            at = _blank(text, end)
            between = text[at : at + 1]
            if between == ",":
                at = _blank(text, at + 1)
            elif between != "]":
                raise ValueError
        if at + 1 != len(text):
            raise ValueError
    except (ValueError, RecursionError):
        detail = f"not a JSON array in UTF-8, or one with an item of more than {MAX_BODY_BYTES} characters"
        raise invalid("body", detail) from None


def _end(text: str, start: int) -> int:
    """Where the item ends. Raises ValueError when it does not within the size of a body."""
    for size in (USUAL_ITEM, MAX_BODY_BYTES):
        try:
            return start + SCANNER.raw_decode(text[start : start + size])[1]
        except ValueError:
            if start + size >= len(text) or size == MAX_BODY_BYTES:
                raise
    raise AssertionError


def _blank(text: str, at: int) -> int:
    """The first place from there on that is not blank."""
    found = NOT_BLANK.search(text, at)
    return found.start() if found else len(text)
