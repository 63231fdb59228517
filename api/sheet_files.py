"""Sheets as files: CSV as text for each part of the rows, XLSX in a temporary file. Both take constant memory."""

import csv
import json
from collections.abc import Iterable, Sequence
from io import StringIO
from typing import IO, Any

from domain.sheets import escape_formula, is_formula

MOST_IN_A_CELL = 32_767
"""Characters that a cell of XLSX holds, as its programs count them: two for an emoji."""
CUT = " … (cut: ask for csv)"


def csv_text(rows: Iterable[Sequence[object]]) -> str:
    """Return the rows as CSV. A text that a spreadsheet would run as a formula is escaped."""
    out = StringIO()
    csv.writer(out).writerows([escape_formula(plain(value)) for value in row] for row in rows)
    return out.getvalue()


class XlsxSheet:
    """A workbook of one sheet, written row by row to a temporary file of its own."""

    def __init__(self, columns: Sequence[str]) -> None:
        # Imported when it is needed: with numpy, which it imports, it takes longer than the rest of a small answer.
        from openpyxl import Workbook

        self._book = Workbook(write_only=True)
        self._sheet: Any = self._book.create_sheet()
        self._sheet.append(list(columns))

    def add(self, rows: Iterable[Sequence[object]]) -> None:
        for row in rows:
            self._sheet.append([self._cell(plain(value)) for value in row])

    def save(self, file: IO[bytes]) -> None:
        self._book.save(file)

    def discard(self) -> None:
        """End it without a file: openpyxl would keep the temporary one until the process ends."""
        self._sheet.close()
        self._sheet._writer.cleanup()

    def _cell(self, value: Any) -> Any:
        from openpyxl.cell import WriteOnlyCell
        from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

        if isinstance(value, str):
            # XML has no control characters; openpyxl refuses them.
            value = _fitting(ILLEGAL_CHARACTERS_RE.sub("", value))
        cell = WriteOnlyCell(self._sheet, value=value)
        if isinstance(value, str):
            # A title that begins with = is text, not a formula, also for somebody who edits it.
            cell.data_type = "s"
            cell.quotePrefix = is_formula(value)
        return cell


def _fitting(text: str) -> str:
    """Return a text that fits into a cell; one that was cut says so at its end."""
    if len(text) <= MOST_IN_A_CELL // 2:
        return text
    units = text.encode("utf-16-le")
    if len(units) <= 2 * MOST_IN_A_CELL:
        return text
    return units[: 2 * (MOST_IN_A_CELL - len(CUT))].decode("utf-16-le", errors="ignore") + CUT


def plain(value: object) -> Any:
    """Return the value of a cell for one of JSON: words of a list with spaces between them, what is nested as JSON."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return " ".join(value)
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return value if isinstance(value, int | float | None) else str(value)
