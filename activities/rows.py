"""Writing many rows at once."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from models.base import Base, table


def insert_all(session: Session, row: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows in one statement, however many lines an order has; nothing when there are none."""
    if rows:
        # SQLAlchemy would send a statement for every thousand.
        session.execute(insert(table(row)).inline(), rows, execution_options={"insertmanyvalues_page_size": len(rows)})
