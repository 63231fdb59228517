"""Creates indexes and constraints on tables in use, without blocking writers.

Each call commits what the revision did before it and runs outside a transaction, so a revision that uses these
functions should do nothing else. Each is safe to run again, also after a run that was killed halfway.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from alembic import op

LOCK_TIMEOUT = "2s"
"""Short, since all later transactions queue behind one that waits for a table. Longer than one second, after which
PostgreSQL cancels an autovacuum that is in the way."""

IS_BROKEN = "SELECT EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass(:name) AND NOT indisvalid)"
IS_THERE = "SELECT EXISTS (SELECT FROM pg_constraint WHERE conname = :name AND conrelid = to_regclass(:table))"


def create_index(name: str, table: str, columns: Sequence[str | sa.TextClause], **options: Any) -> None:
    """Create the index CONCURRENTLY, with the options of `op.create_index`. An invalid one of this name is dropped
    first."""
    with op.get_context().autocommit_block():
        if op.get_bind().scalar(sa.text(IS_BROKEN), {"name": name}):
            _drop(name)
        try:
            with _patience():
                op.create_index(name, table, columns, postgresql_concurrently=True, if_not_exists=True, **options)
        except sa.exc.IntegrityError:
            # An invalid unique index would still reject rows.
            _drop(name)
            raise


def drop_index(name: str) -> None:
    """Drop the index CONCURRENTLY if it exists."""
    with op.get_context().autocommit_block():
        _drop(name)


def add_constraint(name: str, table: str, definition: str) -> None:
    """Add a CHECK or FOREIGN KEY. New rows are checked at once, existing ones without blocking writers.

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
    # These statements block nobody while they wait, and giving up could lose the work of hours.
    op.execute("SET lock_timeout = 0")
    yield
    op.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
