"""Splits a batch into its items, without parsing more of it than may be sent."""

import re
from collections.abc import Iterator
from itertools import islice
from json import JSONDecoder

from api.dependencies import MAX_BODY_BYTES
from api.errors import invalid

MAX_ITEMS = 1_000
USUAL_ITEM = 20_000
"""Characters in which most items end: an item is looked for in these first."""
SCANNER = JSONDecoder()
NOT_BLANK = re.compile(r"[^ \t\r\n]")


def split(raw: bytes) -> list[bytes]:
    """Return the raw items of a JSON array, or the lines of NDJSON. A 422 for neither, none, or too many."""
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
    """Yield items one by one, so that nothing after too many items, or after one too large, is ever parsed."""
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
    """Return where the item ends. Raises ValueError when it is larger than a body may be."""
    for size in (USUAL_ITEM, MAX_BODY_BYTES):
        try:
            return start + SCANNER.raw_decode(text[start : start + size])[1]
        except ValueError:
            if start + size >= len(text) or size == MAX_BODY_BYTES:
                raise
    raise AssertionError


def _blank(text: str, at: int) -> int:
    """Return the first place from `at` on that is not blank."""
    found = NOT_BLANK.search(text, at)
    return found.start() if found else len(text)
