"""Order files: CSV with one row for each order line, NDJSON with one order on each line.

An unreadable order keeps its row numbers and raw content.
"""

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
    *("paid", "paid_at", "refunded", "canceled", "carrier", "waybill", "shipped_at", "delivered_at"),
)
PARCEL = ("carrier", "waybill", "shipped_at", "delivered_at")
ADDRESS = ("country", "name", "phone", "email", "province", "city", "district", "postal_code", "address1", "address2")
LINE = ("sku", "quantity", "unit_price", "discount", "title")
COLUMNS = (*ORDER, *ADDRESS, *LINE)
REQUIRED_COLUMNS = ("channel_order_id", "placed_at", "sku", "quantity", "unit_price", "grand_total")


@dataclass(frozen=True, slots=True)
class FileOrder:
    """One order of a file. `raw` can be corrected and passed to `translate` again; `rows` are line numbers from 1."""

    rows: tuple[int, ...]
    raw: Payload
    result: Translated | Unreadable


def read_csv(lines: Iterable[str], shop: Shop = SHOP) -> Iterator[FileOrder]:
    """Group the rows of each `channel_order_id` into one order, wherever they stand, so that no order is taken in part.

    Raises Unreadable for a header with a missing, unknown or repeated column.
    """
    reader = csv.DictReader(_without_bom(lines), restkey="more cells than columns", strict=True)
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
    for number, line in enumerate(_without_bom(lines), 1):
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


def _without_bom(lines: Iterable[str]) -> Iterator[str]:
    for number, line in enumerate(lines):
        yield line.removeprefix("\ufeff") if number == 0 else line


def _check_header(names: Iterable[str]) -> None:
    names = list(names)
    for name in REQUIRED_COLUMNS:
        if name not in names:
            raise Unreadable(name, "is a column that is missing")
    for name in names:
        if name not in COLUMNS or names.count(name) > 1:
            raise Unreadable(name or "header", "is a column that nobody reads, or stands there twice")


def _body(rows: list[Reader], shop: Shop) -> Mapping[str, Any]:
    """Build the plain body: lines from every row, the rest from the first row, with which the others must agree."""
    if not rows:
        raise Unreadable("rows", "are missing")
    first = rows[0]
    for row in rows:
        row.allow_only(*COLUMNS)
        for name in (*ORDER, *ADDRESS):
            if row.has(name) and row.text(name, 2_000) != first.text(name, 2_000):
                raise row.wrong(name, "differs from the order's first row")
    first_row = {name: first.prose(name) for name in (*ORDER, *ADDRESS)}
    return {
        "channel_order_id": first_row["channel_order_id"],
        "placed_at": first_row["placed_at"],
        "currency": first_row["currency"] or shop.currency,
        "customer": {
            "customer_id": first_row["customer_id"]
            or first_row["email"]
            or first_row["phone"]
            or first_row["channel_order_id"]
        },
        "ship_to": {name: first_row[name] for name in ADDRESS if not name.startswith("address")}
        | {"lines": [line for line in (first_row["address1"], first_row["address2"]) if line]},
        "lines": [{name: row.prose(name) for name in LINE} for row in rows],
        "totals": {
            "discount": first_row["order_discount"],
            "shipping": first_row["shipping"],
            "tax": first_row["tax"],
            "grand_total": first_row["grand_total"],
        },
        "payment": {"reference": first_row["payment_reference"], "method": first_row["payment_method"]},
        "remarks": first_row["remarks"],
        "tags": [tag for tag in first_row["tags"].split("|") if tag],
        **{name: first_row[name] for name in ("paid", "paid_at", "refunded", "canceled")},
        # A file says whether the whole order was shipped; parcels with lines need NDJSON.
        "shipped_elsewhere": [{name: first_row[name] for name in PARCEL}] if first_row["shipped_at"] else [],
    }
