"""Turns rows of a sheet into items: a product, a location, or a count or stock change of several rows."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, get_args

from pydantic import BaseModel, BeforeValidator, ValidationError

from api.errors import invalid_body
from api.schemas import Sku, Time
from api.stock.buffers import BufferBody, BufferId
from api.stock.goods_schemas import LocationBody, LocationId, ProductBody
from commands.sheets import SheetRow

TRUE_FALSE = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
LISTS = ("channels", "substitutes", "closed", "waves")


class ProductLine(ProductBody):
    sku: Sku


class LocationLine(LocationBody):
    location_id: LocationId


def _moment(value: Any) -> Any:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError("not a time such as 2026-11-01T00:00:00+08:00") from None


Moment = Annotated[Time | None, BeforeValidator(_moment)]


class BufferLine(BufferBody):
    buffer_id: BufferId
    valid_from: Moment = None
    valid_to: Moment = None


@dataclass(frozen=True, slots=True)
class Reject:
    """Why a row was rejected."""

    row: int
    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class Item:
    """What is written as a whole, with the numbers of its rows in the sheet: a single row, or a count or change."""

    places: tuple[int, ...]
    body: BaseModel


ReadItems = Callable[[Sequence[SheetRow]], tuple[list[Item], list[Reject]]]
"""Returns the items of a sheet, and the rows that are rejected."""


def one_row_each(model: type[BaseModel], key: str) -> ReadItems:
    """Make an item of each row; a second row with the same `key` is rejected."""

    def items(rows: Sequence[SheetRow]) -> tuple[list[Item], list[Reject]]:
        found, rejects, seen = list[Item](), list[Reject](), dict[str, int]()
        for row in rows:
            name = row.cells.get(key, "")
            if name and name in seen:
                rejects.append(Reject(row.number, key, f"row {seen[name]} is about it too"))
                continue
            seen[name] = row.number
            values = {column: _value(model, column, text) for column, text in row.cells.items()}
            _validate(model, values, (row.number,), found, rejects)
        return found, rejects

    return items


def several_rows(model: type[BaseModel], key: str, head: Sequence[str], line: Sequence[str]) -> ReadItems:
    """Make an item of all rows with the same `key`, which agree in the columns of `head` and differ in `line`."""

    def items(rows: Sequence[SheetRow]) -> tuple[list[Item], list[Reject]]:
        by_id: dict[str, list[SheetRow]] = {}
        for row in rows:
            by_id.setdefault(row.cells.get(key, ""), []).append(row)
        found, rejects = list[Item](), list[Reject]()
        for same in by_id.values():
            if len({tuple(row.cells.get(name) for name in head) for row in same}) > 1:
                reason = f"the rows of one {key} have the same {', '.join(head)}"
                rejects.append(Reject(same[0].number, head[0], reason))
                continue
            values: dict[str, Any] = {name: text for name, text in same[0].cells.items() if name not in line}
            values["lines"] = [
                {name: text if name == "sku" else _number(text) for name, text in row.cells.items() if name in line}
                for row in same
            ]
            _validate(model, values, tuple(row.number for row in same), found, rejects)
        return found, rejects

    return items


def _validate(
    model: type[BaseModel], values: Mapping[str, Any], places: tuple[int, ...], found: list[Item], rejects: list[Reject]
) -> None:
    try:
        found.append(Item(places, model.model_validate(values)))
    except ValidationError as error:
        rejects += [reject_of(places, one["field"], one["message"]) for one in invalid_body(error).errors]


def reject_of(places: tuple[int, ...], path: str, reason: str) -> Reject:
    """Reject the row that a path names: `lines[3].sku` of an item is the column `sku` of its fourth row."""
    line = re.fullmatch(r"lines\[(\d+)\]\.(\w+)", path)
    return Reject(places[int(line[1])], line[2], reason) if line else Reject(places[0], path, reason)


def _value(model: type[BaseModel], column: str, text: str) -> Any:
    """Convert a cell to the type of its field; text that does not fit stays text, for the model to refuse."""
    if column == "parts":
        pairs = (part.rpartition(":") for part in text.split())
        return [{"sku": sku, "quantity": _number(units)} for sku, _, units in pairs]
    if column in LISTS:
        return text.split()
    if column == "working_days":
        return [_number(day) for day in text.split()]
    kind = model.model_fields[column].annotation
    kinds = (kind, *get_args(kind))
    if bool in kinds:
        return TRUE_FALSE.get(text.lower(), text)
    return _number(text) if int in kinds or float in kinds else text


def _number(text: str) -> int | float | str:
    if re.fullmatch(r"-?\d{1,18}", text):
        return int(text)
    return float(text) if re.fullmatch(r"-?\d{1,18}\.\d{1,18}", text) else text
