"""Rows as files."""

from io import BytesIO

from openpyxl import load_workbook

from api.sheet_files import XlsxSheet


def test_a_control_character_does_not_break_a_workbook() -> None:
    sheet = XlsxSheet(["title"])
    sheet.add([["lamp\x07"], ["=1+1"]])
    file = BytesIO()
    sheet.save(file)

    rows = load_workbook(BytesIO(file.getvalue())).worksheets[0].iter_rows(values_only=True)
    assert list(rows) == [("title",), ("lamp",), ("=1+1",)]
