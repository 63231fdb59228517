"""Shared by all rows: the metadata, the naming of constraints, and column types."""

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
"""A BRIN index, for values that grow with the rows: it keeps the range of values of each block of pages and costs
almost nothing. `autosummarize`, since every search reads all blocks that are not summarized yet."""


class Base(DeclarativeBase):
    """The base of all rows. Constraints are named by rule, so that errors and migrations can refer to them."""

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
    """The table itself, for statements that are built once without the mapping: they cost a third."""
    return cast(Table, row.__table__)
