"""Files: CSV with a row a line of an order, and NDJSON with an order a line. What cannot be read keeps its rows."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from integrations.channels import plain
from integrations.channels.reading import Payload, Reader, Unreadable, open_object
from integrations.channels.translated import Shop, Translated

SHOP = Shop("file")
ORDER = (
    *("channel_order_id", "placed_at", "currency", "customer_id", "remarks", "tags"),
    *("order_discount", "shipping", "tax", "grand_total", "payment_reference", "payment_method"),
)
ADDRESS = ("country", "name", "phone", "email", "province", "city", "district", "postal_code", "address1", "address2")
LINE = ("sku", "quantity", "unit_price", "discount", "title")
COLUMNS = (*ORDER, *ADDRESS, *LINE)
NEEDED = ("channel_order_id", "placed_at", "sku", "quantity", "unit_price", "grand_total")


@dataclass(frozen=True, slots=True)
class FileOrder:
    """One order of a file. `raw` goes into `translate` again after a fix; `rows` counts the file's lines from 1."""

    rows: tuple[int, ...]
    raw: Payload
    result: Translated | Unreadable


def read_csv(lines: Iterable[str], shop: Shop = SHOP) -> Iterator[FileOrder]:
    """Rows of one `channel_order_id` are one order wherever they stand, so that none is taken by half.

    Raises Unreadable for a header that lacks a needed column or has one that nobody reads.
    """
    reader = csv.DictReader(_without_mark(lines), restkey="more cells than columns", strict=True)
    _check_header(reader.fieldnames or ())
    groups: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    try:
        for row in reader:
            key = (row["channel_order_id"] or "").strip()
            groups.setdefault(key or f"row {reader.line_num}", []).append((reader.line_num, dict(row)))
    except csv.Error:
        raise Unreadable(f"row {reader.reader.line_num}", "is not CSV") from None
    for group in groups.values():
        yield _attempt(tuple(number for number, _ in group), {"rows": [row for _, row in group]}, shop)


def read_ndjson(lines: Iterable[str], shop: Shop = SHOP) -> Iterator[FileOrder]:
    for number, line in enumerate(_without_mark(lines), 1):
        if line.strip():
            yield _attempt((number,), line, shop)


def split(payload: Any) -> list[Any]:
    return plain.split(payload)


def translate(payload: Payload, shop: Shop = SHOP) -> Translated:
    """One order of a file: `{"rows": [...]}` of a CSV, or a plain body."""
    body = open_object(payload)
    return plain.translate(_body(body.objects("rows"), shop) if "rows" in body.node else body.node, shop)


def _attempt(rows: tuple[int, ...], raw: Payload, shop: Shop) -> FileOrder:
    try:
        return FileOrder(rows, raw, translate(raw, shop))
    except Unreadable as error:
        return FileOrder(rows, raw, error)


def _without_mark(lines: Iterable[str]) -> Iterator[str]:
    for number, line in enumerate(lines):
        yield line.removeprefix("\ufeff") if number == 0 else line


def _check_header(names: Iterable[str]) -> None:
    names = list(names)
    for name in NEEDED:
        if name not in names:
            raise Unreadable(name, "is a column that is missing")
    for name in names:
        if name not in COLUMNS or names.count(name) > 1:
            raise Unreadable(name or "header", "is a column that nobody reads, or stands there twice")


def _body(rows: list[Reader], shop: Shop) -> Mapping[str, Any]:
    """The plain body: lines from every row, the rest from the first, with which the others must agree."""
    if not rows:
        raise Unreadable("rows", "are missing")
    first = rows[0]
    for row in rows:
        row.only(*COLUMNS)
        for name in (*ORDER, *ADDRESS):
            if row.has(name) and row.text(name, 2_000) != first.text(name, 2_000):
                raise row.wrong(name, "differs from the order's first row")
    take = {name: first.prose(name) for name in (*ORDER, *ADDRESS)}
    return {
        "channel_order_id": take["channel_order_id"],
        "placed_at": take["placed_at"],
        "currency": take["currency"] or shop.currency,
        "customer": {"customer_id": take["customer_id"] or take["email"] or take["phone"] or take["channel_order_id"]},
        "ship_to": {name: take[name] for name in ADDRESS if not name.startswith("address")}
        | {"lines": [line for line in (take["address1"], take["address2"]) if line]},
        "lines": [{name: row.prose(name) for name in LINE} for row in rows],
        "totals": {
            "discount": take["order_discount"],
            "shipping": take["shipping"],
            "tax": take["tax"],
            "grand_total": take["grand_total"],
        },
        "payment": {"reference": take["payment_reference"], "method": take["payment_method"]},
        "remarks": take["remarks"],
        "tags": [tag for tag in take["tags"].split("|") if tag],
    }
