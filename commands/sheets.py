"""Reads and writes the sheets of staff, CSV or XLSX: rows of texts under named columns in, rows of values out."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from api.sheet_files import XlsxSheet
from domain.sheets import escape_formula, unescape_formula

XLSX = ".xlsx"


class NotASheet(ValueError):
    """The file is neither CSV nor XLSX, or its columns are not the expected ones."""


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row of texts by column, without empty cells. `number` is the spreadsheet's: the first below the names is 2."""

    number: int
    cells: dict[str, str]


def read_sheet(file: Path, needed: Sequence[str], allowed: Sequence[str]) -> list[SheetRow]:
    """Read every row that is not empty. Raise NotASheet if a needed column is missing or one is not allowed."""
    lines = _xlsx_lines(file) if file.suffix.lower() == XLSX else _csv_lines(file)
    names = [name.strip().lower() for name in next(lines, [])]
    if missing := [name for name in needed if name not in names]:
        raise NotASheet(f"the first row must name the columns; missing: {', '.join(missing)}")
    if strange := [name for name in names if name and name not in allowed]:
        raise NotASheet(f"unknown columns: {', '.join(strange)}; known are {', '.join(allowed)}")
    if len(set(names)) < len(names):
        raise NotASheet("a column is named twice")
    rows = []
    for number, line in enumerate(lines, 2):
        cells = {name: text.strip() for name, text in zip(names, line, strict=False) if name and text.strip()}
        if cells:
            rows.append(SheetRow(number, cells))
    return rows


def write_sheet(file: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    """Write the rows below the names of their columns; return how many there were."""
    return _write_xlsx(file, columns, rows) if file.suffix.lower() == XLSX else _write_csv(file, columns, rows)


def _csv_lines(file: Path) -> Iterator[list[str]]:
    try:
        with file.open(newline="", encoding="utf-8-sig") as lines:
            yield from ([unescape_formula(cell) for cell in row] for row in csv.reader(lines, strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise NotASheet(f"{file.name} is not CSV in UTF-8: {error}") from None


def _xlsx_lines(file: Path) -> Iterator[list[str]]:
    try:
        book = load_workbook(file, read_only=True, data_only=True)
    except (BadZipFile, InvalidFileException, KeyError, ValueError) as error:
        raise NotASheet(f"{file.name} is not XLSX: {error}") from None
    for line in book.worksheets[0].iter_rows(values_only=True):
        yield [_text(value) for value in line]
    book.close()


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    # Spreadsheets store whole numbers as floats.
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _write_csv(file: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    written = 0
    with file.open("w", newline="", encoding="utf-8") as out:
        sheet = csv.writer(out)
        sheet.writerow(columns)
        for row in rows:
            sheet.writerow([escape_formula(value) if isinstance(value, str) else _text(value) for value in row])
            written += 1
    return written


def _write_xlsx(file: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    sheet, written = XlsxSheet(columns), 0
    for row in rows:
        sheet.add([row])
        written += 1
    with file.open("wb") as out:
        sheet.save(out)
    return written
