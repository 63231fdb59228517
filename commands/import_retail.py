"""Reads Online Retail for an import: each row belongs to an order or a return, or is an exception with a reason."""

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from commands.demo.retail import CANCELS, NO_GOODS, POSTAGE, ROW, Row, Translation, read_rows, translate
from commands.import_sources import Item, Reject

NO_ORDER = "it cancels goods that no order of the same customer in the file has"
NO_CUSTOMER = "it cancels goods of a customer whom it does not name"
NOT_GOODS = "it cancels a fee or postage, not goods"
BAD_QUANTITY = "it cancels no whole number of units"
BAD_DATE = "its date cannot be read"


@dataclass
class Case:
    """The goods of one order that one cancellation gives back: units by line number."""

    case_id: str
    channel_order_id: str
    units: Counter[int] = field(default_factory=Counter)
    rows: list[int] = field(default_factory=list)


@dataclass
class _Line:
    """A line of an order, with the units not given back yet."""

    invoice: str
    line_no: int
    remaining: int
    placed_at: datetime


@dataclass(frozen=True)
class Retail:
    """A file of Online Retail, sorted into orders, return cases and rows that are neither."""

    rows: int
    orders: Sequence[Item]
    cases: Sequence[Case]
    exceptions: Sequence[Reject]


def read_retail(file: Path, channel: str) -> Retail:
    """Read the file. Raise ValueError if it does not have this format."""
    found = translate(read_rows(file))
    orders = [
        Item(
            tuple(int(row[ROW]) for row in found.sources[order["channel_order_id"]]),
            json.dumps(order | {"channel": channel}).encode(),
        )
        for order in found.orders
    ]
    cases, exceptions = _returns(found)
    return Retail(found.rows, orders, cases, exceptions)


def _returns(found: Translation) -> tuple[list[Case], list[Reject]]:
    lines, cases, exceptions = _lines(found), dict[tuple[str, str], Case](), list[Reject]()
    for row, reason in found.rejects:
        number = int(row[ROW])
        taken: Sequence[tuple[_Line, int]] = ()
        if reason == CANCELS:
            reason = _fault_of(row)
            taken = () if reason else _match(row, lines[row["CustomerID"], row["StockCode"]])
            reason = reason or NO_ORDER
        if not taken:
            exceptions.append(Reject((number,), row["InvoiceNo"], reason))
            continue
        invoice = taken[0][0].invoice
        case = cases.setdefault((row["InvoiceNo"], invoice), Case(row["InvoiceNo"], invoice))
        case.rows.append(number)
        for line, units in taken:
            line.remaining -= units
            case.units[line.line_no] += units
    return list(cases.values()), exceptions


def _lines(found: Translation) -> defaultdict[tuple[str, str], list[_Line]]:
    lines = defaultdict[tuple[str, str], list[_Line]](list)
    for order in found.orders:
        invoice = order["channel_order_id"]
        # An order's rows begin with its lines, in their order.
        for number, row in enumerate(found.sources[invoice][: len(order["lines"])], 1):
            placed_at = datetime.fromisoformat(row["InvoiceDate"])
            line = _Line(invoice, number, int(row["Quantity"]), placed_at)
            lines[row["CustomerID"], row["StockCode"]].append(line)
    return lines


def _fault_of(row: Row) -> str:
    """Why the row cannot be a cancellation of goods, or an empty text."""
    if row["StockCode"].upper() in NO_GOODS | POSTAGE:
        return NOT_GOODS
    if not row["CustomerID"]:
        return NO_CUSTOMER
    try:
        datetime.fromisoformat(row["InvoiceDate"])
    except ValueError:
        return BAD_DATE
    return "" if row["Quantity"].removeprefix("-").isdecimal() and int(row["Quantity"]) < 0 else BAD_QUANTITY


def _match(row: Row, lines: Sequence[_Line]) -> Sequence[tuple[_Line, int]]:
    """The lines, with units of each, of the latest earlier order that still has all the units; empty if none has."""
    units, at = -int(row["Quantity"]), datetime.fromisoformat(row["InvoiceDate"])
    earlier = [line for line in lines if line.placed_at <= at and line.remaining]
    for invoice in dict.fromkeys(line.invoice for line in reversed(earlier)):
        own = [line for line in earlier if line.invoice == invoice]
        if sum(line.remaining for line in own) >= units:
            return list(_spread(own, units))
    return ()


def _spread(lines: Sequence[_Line], units: int) -> "list[tuple[_Line, int]]":
    taken = []
    for line in lines:
        if units:
            taken.append((line, min(units, line.remaining)))
            units -= taken[-1][1]
    return taken
