"""Indexes and constraints on tables that are in use: writers go on while PostgreSQL reads the table.

Each call commits what the revision did before it and works outside a transaction, so a revision that uses these
functions does nothing else. Each is safe to run again, also after a run that was killed in its midst.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from alembic import op

LOCK_TIMEOUT = "2s"
"""All who come later wait behind one who waits for a table. Above one second, when an autovacuum that is in the way is
ended."""

IS_BROKEN = "SELECT EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass(:name) AND NOT indisvalid)"
IS_THERE = "SELECT EXISTS (SELECT FROM pg_constraint WHERE conname = :name AND conrelid = to_regclass(:table))"


def create_index(name: str, table: str, columns: Sequence[str | sa.TextClause], **options: Any) -> None:
    """Create the index CONCURRENTLY, with the options of `op.create_index`. A broken one of this name goes first."""
    with op.get_context().autocommit_block():
        if op.get_bind().scalar(sa.text(IS_BROKEN), {"name": name}):
            _drop(name)
        try:
            with _patience():
                op.create_index(name, table, columns, postgresql_concurrently=True, if_not_exists=True, **options)
        except sa.exc.IntegrityError:
            # A unique index that could not be made would refuse rows all the same.
            _drop(name)
            raise


def drop_index(name: str) -> None:
    """Drop the index CONCURRENTLY if it is there."""
    with op.get_context().autocommit_block():
        _drop(name)


def add_constraint(name: str, table: str, definition: str) -> None:
    """Add a CHECK or FOREIGN KEY: new rows obey at once, and the others are read without holding up writers.

    `add_constraint("ck_stock_weight", "stock", "CHECK (weight > 0)")`
    """
    with op.get_context().autocommit_block():
        if not op.get_bind().scalar(sa.text(IS_THERE), {"name": name, "table": table}):
            op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition} NOT VALID")
        with _patience():
            op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")


def _drop(name: str) -> None:
    with _patience():
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")


@contextmanager
def _patience() -> Iterator[None]:
    # What waits here holds up nobody, and to give up would throw away the work of hours.
    op.execute("SET lock_timeout = 0")
    yield
    op.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
