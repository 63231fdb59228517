"""Reads a file for an import: orders in their channel's format, each with the rows it came from."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from integrations.channels.files import read_csv
from integrations.channels.reading import Unreadable
from integrations.channels.registry import TRANSLATORS
from integrations.channels.translated import Shop

CSV, NDJSON, RETAIL = "csv", "ndjson", "online-retail"


@dataclass(frozen=True, slots=True)
class Item:
    """An order to send, as one line of JSON. `rows` counts from 1: lines of the file, or orders of a page."""

    rows: tuple[int, ...]
    raw: bytes


@dataclass(frozen=True, slots=True)
class Reject:
    """Rows that became no order, with the field or invoice at fault and the reason."""

    rows: tuple[int, ...]
    field: str
    reason: str


def formats() -> list[str]:
    return [CSV, NDJSON, RETAIL, *(name for name in TRANSLATORS if name != "file")]


def translator_of(form: str) -> str:
    return form if form in TRANSLATORS else "file"


def read_items(file: Path, form: str, channel: str) -> list[Item]:
    """Read every order of the file. Raise Unreadable if it does not have this format; the API judges single orders."""
    readers: Mapping[str, Callable[[], Iterator[Item]]] = {
        CSV: partial(_csv, file, channel),
        NDJSON: partial(_lines, file),
    }
    return list(readers.get(form, partial(_page, file, form))())


def _csv(file: Path, channel: str) -> Iterator[Item]:
    with file.open(newline="", encoding="utf-8", errors="replace") as lines:
        for order in read_csv(lines, Shop(channel)):
            yield Item(order.rows, _one_line(order.raw))


def _lines(file: Path) -> Iterator[Item]:
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            text = line.removeprefix(b"\xef\xbb\xbf").strip() if number == 1 else line.strip()
            if text:
                yield Item((number,), text)


def _page(file: Path, form: str) -> Iterator[Item]:
    """Read a page of a list, a single order, or one order for each line."""
    try:
        orders = TRANSLATORS[form].split(file.read_bytes())
    except Unreadable:
        yield from _lines(file)
        return
    for number, order in enumerate(orders, 1):
        yield Item((number,), order.encode() if isinstance(order, str) else _one_line(order))


def _one_line(order: Any) -> bytes:
    return json.dumps(order, ensure_ascii=False, default=_decimal_text).encode()


def _decimal_text(value: Any) -> str:
    # A text keeps all digits of an amount, and translators read texts and numbers alike.
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError
