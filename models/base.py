"""What every row shares: the metadata, the naming of constraints and a few column types."""

from datetime import datetime
from typing import Annotated, Any, cast

from sqlalchemy import BigInteger, DateTime, Identity, MetaData, Table, Text, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, mapped_column

Timestamp = Annotated[datetime, mapped_column(DateTime(timezone=True))]
When = Annotated[datetime | None, mapped_column(DateTime(timezone=True))]
Now = Annotated[datetime, mapped_column(DateTime(timezone=True), server_default=func.now())]
Serial = Annotated[int, mapped_column(BigInteger, Identity(), primary_key=True)]
Json = Annotated[dict[str, Any], mapped_column(JSONB)]

BY_PAGES: Any = {"postgresql_using": "brin", "postgresql_with": {"pages_per_range": 32, "autosummarize": "on"}}
"""An index of the first and last value of a range of pages, for what grows with the rows: it costs next to nothing.
Autovacuum sums up new pages as they fill, since each search reads all that are not."""


class Base(DeclarativeBase):
    """Constraints are named by rule, so that an error and a migration can speak of them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {str: Text}  # noqa: RUF012  SQLAlchemy reads it as a class attribute.


def table(row: type[Base]) -> Table:
    """The table itself, for statements that are built once and need nothing of the mapping: a third of the cost."""
    return cast(Table, row.__table__)
