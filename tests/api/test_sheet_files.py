"""Rows as files: no formula, no broken workbook, and nothing that is left out without a word."""

import csv
from io import BytesIO, StringIO
from typing import Any

import pytest
from openpyxl import load_workbook

from api.sheet_files import CUT, MOST_IN_A_CELL, XlsxSheet, csv_text
from domain.sheets import unescape_formula

FORMULAS = ("=1+1", "+1", "-2+3", "@SUM(A1)", "\t=1+1", "\r=1+1", "\n=1+1", "＝1+1", "＋1", "－2+3", "＠SUM(A1)")


def cells_of(*texts: str) -> list[Any]:
    """Return the cells of a column below its heading, as a spreadsheet reads them."""
    sheet = XlsxSheet(["title"])
    sheet.add([[one] for one in texts])
    file = BytesIO()
    sheet.save(file)
    return [row[0] for row in load_workbook(BytesIO(file.getvalue())).worksheets[0].iter_rows(min_row=2)]


def test_a_control_character_does_not_break_a_workbook() -> None:
    assert [cell.value for cell in cells_of("lamp\x07", "=1+1")] == ["lamp", "=1+1"]


@pytest.mark.parametrize("text", FORMULAS)
def test_no_text_becomes_a_formula(text: str) -> None:
    [row] = csv.reader(StringIO(csv_text([[text]]), newline=""))
    assert row == [f"'{text}"]
    assert unescape_formula(row[0]) == text

    [cell] = cells_of(text)
    assert (cell.data_type, cell.quotePrefix) == ("s", True)
    assert str(cell.value).lstrip("\r\n") == text.lstrip("\r\n")


def test_a_text_that_fits_no_cell_of_xlsx_says_so_at_its_end() -> None:
    fits, long, emoji = "x" * MOST_IN_A_CELL, "x" * (MOST_IN_A_CELL + 1), "🍵" * 20_000
    whole, cut, cut_emoji = (cell.value for cell in cells_of(fits, long, emoji))
    assert whole == fits
    assert cut == "x" * (MOST_IN_A_CELL - len(CUT)) + CUT
    assert cut_emoji.endswith("🍵" + CUT)
    assert len(cut_emoji.encode("utf-16-le")) // 2 <= MOST_IN_A_CELL
    # CSV has all of it.
    assert csv_text([[long]]) == long + "\r\n"
