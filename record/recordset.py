"""Insert many rows by one statement whose text and preparation do not grow with the number of rows."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import TextClause, insert
from sqlalchemy.orm import Session

from models.base import Base, table
from models.prepared import prepared


def insert_recordset(
    row: type[Base], columns: str, conflict: str = "", returning: str = "", change: str = ""
) -> TextClause:
    """Return an INSERT of the JSON array `:rows`: one object per row, one field per column.

    A row that exists already, by the columns of `conflict`, stays as it is or is updated by `change`. PostgreSQL
    parses the array in C at a third of the cost of binding a parameter per value here.
    """
    table = row.__tablename__
    statement = f"INSERT INTO {table} ({columns}) SELECT {columns} FROM json_populate_recordset(NULL::{table}, :rows)"
    if conflict:
        statement += f" ON CONFLICT ({conflict}) DO {f'UPDATE SET {change}' if change else 'NOTHING'}"
    if returning:
        statement += f" RETURNING {returning}"
    # `::` is a cast in PostgreSQL, but SQLAlchemy would read `:name` as a parameter.
    return prepared(statement.replace("::", r"\:\:"))


def at_once(answer: str = "SELECT", /, **changes: TextClause) -> TextClause:
    """Join several such changes into one statement. Each reads its rows from the parameter of its own name, `[]` for
    none. `answer` and later changes may read by name what a change returns."""
    parts = [f"{name} AS ({change.text.replace(':rows', f':{name}')})" for name, change in changes.items()]
    return prepared(f"WITH {', '.join(parts)} {answer}")


def json_array(rows: Iterable[str]) -> str:
    return f"[{','.join(rows)}]"


def insert_all(session: Session, row: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert the rows in one statement; do nothing when there are none."""
    if rows:
        # By default SQLAlchemy sends a statement per thousand rows.
        session.execute(insert(table(row)).inline(), rows, execution_options={"insertmanyvalues_page_size": len(rows)})
