"""`baton stock`: import and export sheets of products, locations, buffers, counts and stock changes."""

import csv
import getpass
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy import Select, Text, cast, func, literal, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from commands.sheets import NotASheet, read_sheet, write_sheet
from commands.stock_import import SHEETS, import_rows
from commands.stock_rows import Reject
from domain.sheets import escape_formula
from domain.stock.movements import COUNTERS
from models.database import Sessions, open_database
from models.database import sessions as open_sessions
from models.goods import ProductPartRow, ProductSubstituteRow
from models.stock import LocationRow, ProductRow, StockRow
from settings import Settings

ROWS_FETCHED = 5_000


def import_(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV or XLSX; the first row names columns")],
    what: Annotated[str, typer.Option(help=f"One of {', '.join(SHEETS)}")],
    rejects: Annotated[Path | None, typer.Option(help="Where rejected rows go; FILE.rejects.csv by default")] = None,
    by: Annotated[str | None, typer.Option(help="Who counted or changed it; you by default")] = None,
) -> None:
    """Import the valid rows in one transaction; an empty cell changes nothing. Exits 1 if rows were rejected."""
    if what not in SHEETS:
        raise typer.BadParameter(f"one of {', '.join(SHEETS)}", param_hint="--what")
    sheet = SHEETS[what]
    try:
        rows = read_sheet(file, sheet.needed, sheet.columns)
    except NotASheet as problem:
        raise typer.BadParameter(str(problem)) from None
    figures = import_rows(_sessions(), sheet, rows, by or getpass.getuser())
    print(f"{figures.taken} rows of {what} taken")
    if figures.rejects:
        place = rejects or file.with_name(f"{file.name}.rejects.csv")
        _write_rejects(place, figures.rejects)
        print(f"{len({reject.row for reject in figures.rejects})} rows not taken as they are: see {place}")
        raise typer.Exit(1)


def export(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="Where it goes: .csv or .xlsx")],
    what: Annotated[str, typer.Option(help="One of products, locations, stock")] = "stock",
) -> None:
    """Write a sheet of the record. Those of products and locations can be imported again."""
    if what not in EXPORTS:
        raise typer.BadParameter(f"one of {', '.join(EXPORTS)}", param_hint="--what")
    with _sessions()() as session:
        # All rows are of one moment, however long the sheet takes.
        session.connection(execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True})
        query = EXPORTS[what]
        columns = [column["name"] for column in query.column_descriptions]
        written = write_sheet(file, columns, _rows(session, query))
    print(f"{written} rows of {what} in {file}")


def _rows(session: Session, query: Select[Any]) -> Iterator[Sequence[object]]:
    for row in session.execute(query, execution_options={"yield_per": ROWS_FETCHED}):
        yield [" ".join(map(str, value)) if isinstance(value, list) else value for value in row]


def _write_rejects(place: Path, rejects: Sequence[Reject]) -> None:
    with place.open("w", newline="", encoding="utf-8") as out:
        rows = csv.writer(out)
        rows.writerow(("row", "field", "reason"))
        rows.writerows((reject.row, escape_formula(reject.field), escape_formula(reject.reason)) for reject in rejects)


def _sessions() -> Sessions:
    return open_sessions(open_database(Settings().database_url, connections=1))


def _texts(column: Any, order: Any) -> Any:
    return func.string_agg(column, aggregate_order_by(literal(" "), order))


_PARTS = (
    select(_texts(ProductPartRow.part_sku + ":" + cast(ProductPartRow.quantity, Text), ProductPartRow.part_sku))
    .where(ProductPartRow.bundle_sku == ProductRow.sku, ProductPartRow.valid_to.is_(None))
    .scalar_subquery()
)
_SUBSTITUTES = (
    select(_texts(ProductSubstituteRow.substitute_sku, ProductSubstituteRow.rank))
    .where(ProductSubstituteRow.sku == ProductRow.sku)
    .scalar_subquery()
)
EXPORTS: Mapping[str, Select[Any]] = {
    "products": select(
        *ProductRow.__table__.columns, _PARTS.label("parts"), _SUBSTITUTES.label("substitutes")
    ).order_by(ProductRow.sku),
    "locations": select(*LocationRow.__table__.columns).order_by(LocationRow.location_id),
    "stock": select(
        StockRow.sku, StockRow.location_id, *(getattr(StockRow, name) for name in COUNTERS), StockRow.available
    ).order_by(StockRow.sku, StockRow.location_id),
}
