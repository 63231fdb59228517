"""Imports sheets of goods and stock: valid rows are written, others rejected by field."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel
from sqlalchemy.orm import Session

from api.stock.buffers import BufferBody, buffer_fields
from api.stock.goods_schemas import LocationBody, ProductBody
from api.stock.schemas import AdjustmentBody, StockCountBody, TransferBody
from commands.sheets import SheetRow
from commands.stock_rows import (
    BufferLine,
    Item,
    LocationLine,
    ProductLine,
    ReadItems,
    Reject,
    one_row_each,
    reject_of,
    several_rows,
)
from models.database import Sessions
from record.stock.buffers import save_buffer
from record.stock.changes import Adjustment, Transfer, book_adjustment, book_transfer
from record.stock.counts import Count, book_count
from record.stock.locations import save_location
from record.stock.mistakes import IdUsedBefore, Mistake
from record.stock.products import save_product, set_parts, set_substitutes

Step = Callable[[Session, Any, str], None]
"""Writes an item; the last argument is who asked for it."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A kind of sheet: its columns, how rows become items, and the steps that write them.

    Each step runs over all items before the next one does, so that a row may name another one further down.
    """

    needed: tuple[str, ...]
    columns: tuple[str, ...]
    items: ReadItems
    steps: tuple[Step, ...]


@dataclass
class Figures:
    """The number of rows taken, and the rejected ones."""

    taken: int = 0
    rejects: list[Reject] = field(default_factory=list)


def import_rows(sessions: Sessions, sheet: Sheet, rows: Sequence[SheetRow], by: str) -> Figures:
    """Write all valid items in one transaction. Importing the same sheet again changes nothing."""
    items, rejects = sheet.items(rows)
    while True:
        with sessions() as session:
            refused = _write(session, sheet, items, by)
            if not refused:
                session.commit()
                break
        # Roll back and try without the refused items, so that items which name one of them are refused as well.
        rejects += refused.values()
        items = [item for item in items if item.places not in refused]
    return Figures(sum(len(item.places) for item in items), sorted(rejects, key=lambda reject: reject.row))


def _write(session: Session, sheet: Sheet, items: Sequence[Item], by: str) -> dict[tuple[int, ...], Reject]:
    refused: dict[tuple[int, ...], Reject] = {}
    for step in sheet.steps:
        for item in items:
            if item.places in refused:
                continue
            try:
                with session.begin_nested():
                    step(session, item.body, by)
            except Mistake as mistake:
                refused[item.places] = reject_of(item.places, mistake.field, mistake.message)
            except IdUsedBefore:
                reason = "this id was booked before with other figures"
                refused[item.places] = Reject(item.places[0], sheet.columns[0], reason)
    return refused


def _save_product(session: Session, line: ProductLine, by: str) -> None:
    save_product(session, line.sku, line.model_dump(exclude_unset=True, exclude={"sku", "parts", "substitutes"}))


def _set_parts(session: Session, line: ProductLine, by: str) -> None:
    if "parts" in line.model_fields_set:
        set_parts(session, line.sku, {part.sku: part.quantity for part in line.parts})


def _set_substitutes(session: Session, line: ProductLine, by: str) -> None:
    if "substitutes" in line.model_fields_set:
        set_substitutes(session, line.sku, line.substitutes)


def _save_location(session: Session, line: LocationLine, by: str) -> None:
    save_location(session, line.location_id, line.model_dump(exclude_unset=True, exclude={"location_id"}))


def _save_buffer(session: Session, line: BufferLine, by: str) -> None:
    save_buffer(session, line.buffer_id, buffer_fields(line))


def _count(session: Session, body: StockCountBody, by: str) -> None:
    units = {line.sku: line.counted for line in body.lines}
    book_count(session, Count(body.count_id, body.location_id, units, body.reason, by))


def _adjust(session: Session, body: AdjustmentBody, by: str) -> None:
    units = {line.sku: line.units for line in body.lines}
    book_adjustment(session, Adjustment(body.adjustment_id, body.location_id, units, body.reason, by))


def _transfer(session: Session, body: TransferBody, by: str) -> None:
    units = {line.sku: line.units for line in body.lines}
    transfer = Transfer(body.transfer_id, body.from_location, body.to_location, units, body.reason, by)
    book_transfer(session, transfer)


def _several(model: type[BaseModel], key: str, head: tuple[str, ...], units: str, step: Step) -> Sheet:
    line = ("sku", units)
    return Sheet((key, *head, *line), (key, *head, *line), several_rows(model, key, head, line), (step,))


SHEETS: Mapping[str, Sheet] = {
    "products": Sheet(
        ("sku", "title"),
        ("sku", *ProductBody.model_fields),
        one_row_each(ProductLine, "sku"),
        (_save_product, _set_parts, _set_substitutes),
    ),
    "locations": Sheet(
        ("location_id", "kind", "name", "country"),
        ("location_id", *LocationBody.model_fields),
        one_row_each(LocationLine, "location_id"),
        (_save_location,),
    ),
    "buffers": Sheet(
        ("buffer_id",),
        ("buffer_id", *BufferBody.model_fields),
        one_row_each(BufferLine, "buffer_id"),
        (_save_buffer,),
    ),
    "counts": _several(StockCountBody, "count_id", ("location_id", "reason"), "counted", _count),
    "adjustments": _several(AdjustmentBody, "adjustment_id", ("location_id", "reason"), "units", _adjust),
    "transfers": _several(TransferBody, "transfer_id", ("from_location", "to_location", "reason"), "units", _transfer),
}
