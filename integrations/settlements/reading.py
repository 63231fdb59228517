"""Reads settlement files as a stream: a row that cannot be read is named, and the others go on."""

import csv
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from io import TextIOWrapper
from itertools import islice
from typing import IO
from zoneinfo import ZoneInfo

from domain.money import Money, NotMoney
from domain.settlements import NotASettlement, SettledAmount

MAX_LINE = 20_000
HEADING_WITHIN = 50
"""Lines in which the heading is looked for."""
UNREADABLE = "\ufffd"
"""What stands for bytes that are no text of the file's encoding."""
MAX_NAME = 100
LEAST_RATE, MOST_RATE = Decimal("1E-12"), Decimal("1E6")
YEARS = range(1990, 2200)
"""A time far out of these cannot be read back from the database, wherever its zone takes it."""


class BrokenRow(Exception):
    """The row cannot be read: `field` and `reason` never quote it, as it may name a person."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class SettledRow:
    """One row of a file by the names of its columns. Blanks, tabs and backticks around a value are no part of it."""

    def __init__(self, cells: Mapping[str, str]) -> None:
        self._cells = cells

    def text(self, name: str) -> str:
        value = self._cells.get(name, "").strip(" \t`'\ufeff")
        if len(value) > MAX_NAME or not value.isprintable():
            raise BrokenRow(name, f"is not one line of up to {MAX_NAME} characters")
        if UNREADABLE in value:
            raise BrokenRow(name, "is no text of the encoding")
        return value

    def need(self, name: str) -> str:
        return self.text(name) or self._missing(name)

    def need_money(self, name: str, currency: str) -> Money:
        self.need(name)
        return self.money(name, currency)

    def money(self, name: str, currency: str) -> Money:
        """The signed amount; zero if there is none."""
        text = self.text(name).replace(",", "").removeprefix("+") or "0"
        try:
            return Money.parse(text, currency)
        except NotMoney:
            raise BrokenRow(name, "is no amount of its currency") from None

    def rate(self, name: str) -> Decimal | None:
        try:
            rate = Decimal(self.text(name)) if self.text(name) else None
        except InvalidOperation:
            raise BrokenRow(name, "is no rate") from None
        if rate is not None and not (rate.is_finite() and LEAST_RATE < rate < MOST_RATE):
            raise BrokenRow(name, "is no rate")
        return rate

    def time(self, name: str, zone: str, *forms: str) -> datetime | None:
        """The time in one of the forms, ISO 8601 without any; local times are those of the zone."""
        text = self.text(name)
        for form in forms or ("",):
            try:
                at = datetime.strptime(text, form) if form else datetime.fromisoformat(text)  # noqa: DTZ007
            except ValueError:
                continue
            if at.year not in YEARS:
                break
            return at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))
        if text:
            raise BrokenRow(name, "is no time")
        return None

    def _missing(self, name: str) -> str:
        raise BrokenRow(name, "is missing")


Read = Callable[[SettledRow], Iterable[SettledAmount]]


@dataclass(frozen=True, slots=True)
class Format:
    """`columns` must be in the heading, which is looked for in the first lines. `ends` begins the first line behind the
    rows, if the format adds up below them."""

    name: str
    columns: tuple[str, ...]
    read: Read
    delimiter: str = ","
    encoding: str = "utf-8-sig"
    ends: str = ""


def rows_of(file: IO[bytes], form: Format) -> Iterator[list[SettledAmount] | BrokenRow]:
    """Yield the amounts of each row of the file, or what is wrong with it. Raises NotASettlement."""
    text = TextIOWrapper(file, _encoding(file, form), errors="replace", newline="")
    try:
        lines = _cells(text, form.delimiter)
        heading = _heading(lines, form)
        for cells in lines:
            if isinstance(cells, BrokenRow):
                yield cells
                continue
            if form.ends and cells and cells[0].strip("` \t").startswith(form.ends):
                return
            if any(cell.strip() for cell in cells) and not cells[0].startswith("#"):
                yield _read(form, heading, cells)
    finally:
        text.detach()


def _encoding(file: IO[bytes], form: Format) -> str:
    """Return that of the format, or UTF-8 where the file says so, as one does that a spreadsheet has saved."""
    begun = file.tell()
    mark = file.read(len(BOM_UTF8))
    file.seek(begun)
    return "utf-8-sig" if mark == BOM_UTF8 else form.encoding


def _cells(text: TextIOWrapper, delimiter: str) -> Iterator[list[str] | BrokenRow]:
    """Yield the cells of each line by itself, so that a quote that nobody closes spoils its own row only."""
    while line := text.readline(MAX_LINE + 1):
        if len(line) > MAX_LINE and not line.endswith(("\n", "\r")):
            _skip(text)
            yield BrokenRow("$", f"has more than {MAX_LINE} characters")
            continue
        try:
            yield next(csv.reader([line.replace("\0", "")], delimiter=delimiter), [])
        except csv.Error:
            yield BrokenRow("$", "is not CSV")


def _skip(text: TextIOWrapper) -> None:
    """Go to the end of the line."""
    while (rest := text.readline(MAX_LINE)) and not rest.endswith(("\n", "\r")):
        pass


def _heading(lines: Iterator[list[str] | BrokenRow], form: Format) -> list[str]:
    for cells in islice(lines, HEADING_WITHIN):
        if isinstance(cells, BrokenRow):
            break
        names = [cell.strip(" \t`\ufeff") for cell in cells]
        if set(form.columns) <= set(names):
            return names
    raise NotASettlement(f"the heading of {form.name} has the columns {', '.join(form.columns)}")


def _read(form: Format, heading: list[str], cells: list[str]) -> list[SettledAmount] | BrokenRow:
    if len(cells) > len(heading) and any(cell.strip() for cell in cells[len(heading) :]):
        return BrokenRow("$", "has more columns than the heading")
    try:
        return [one for one in form.read(SettledRow(dict(zip(heading, cells, strict=False)))) if one.amount.minor_units]
    except BrokenRow as broken:
        return broken
