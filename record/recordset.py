"""Inserting many rows by one statement whose text and cost of preparing do not grow with the number of rows."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import TextClause, insert, text
from sqlalchemy.orm import Session

from models.base import Base, table


def insert_recordset(
    row: type[Base], columns: str, conflict: str = "", returning: str = "", change: str = ""
) -> TextClause:
    """An INSERT of the JSON array `:rows`, an object a row with a field a column. A row that is there already, by the
    columns of `conflict`, stays as it is, or is changed as `change` says.

    PostgreSQL takes the array apart in C, which costs a third of what binding a parameter for each value costs here.
    """
    table = row.__tablename__
    statement = f"INSERT INTO {table} ({columns}) SELECT {columns} FROM json_populate_recordset(NULL::{table}, :rows)"
    if conflict:
        statement += f" ON CONFLICT ({conflict}) DO {f'UPDATE SET {change}' if change else 'NOTHING'}"
    if returning:
        statement += f" RETURNING {returning}"
    # Two colons are a cast in PostgreSQL, and one would be a parameter here.
    return text(statement.replace("::", r"\:\:"))


def at_once(**inserts: TextClause) -> TextClause:
    """Several such inserts as one statement; each has its rows in the parameter of its own name, `[]` for none."""
    parts = [f"{name} AS ({insert.text.replace(':rows', f':{name}')})" for name, insert in inserts.items()]
    return text(f"WITH {', '.join(parts)} SELECT")


def json_array(rows: Iterable[str]) -> str:
    return f"[{','.join(rows)}]"


def insert_all(session: Session, row: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows in one statement, however many lines an order has; nothing when there are none."""
    if rows:
        # SQLAlchemy would send a statement for every thousand.
        session.execute(insert(table(row)).inline(), rows, execution_options={"insertmanyvalues_page_size": len(rows)})
