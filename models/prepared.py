"""Statements that PostgreSQL plans once a connection, since planning them costs as much as executing them.

psycopg2 sends the values inside the text, so each execution is parsed and planned anew. A statement marked by
`prepared` is sent as a PREPARE when a connection sees it first, and as an EXECUTE from then on. Why and for which
statements: docs/decisions/plans-once.md.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple, TypeVar, overload

from psycopg2 import OperationalError
from psycopg2.errors import DuplicatePreparedStatement, FeatureNotSupported, InvalidSqlStatementName
from psycopg2.extensions import STATUS_READY
from sqlalchemy import Engine, Executable, TextClause, event, text

AT_MOST = 200
"""How many statements a connection prepares. Further ones are sent as text."""
PREPARED = "prepared"
GENERIC_PLANS = "-c plan_cache_mode=force_generic_plan"
"""Else PostgreSQL plans anew for each list of values, since it takes lists that it does not know for longer ones."""
PLACEHOLDER = re.compile(r"%%|%\(([^)]+)\)s")
# Those that psycopg2's text shows. The type of any other value follows from its place in the statement.
TYPES: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "boolean"),
    ((float, Decimal), "numeric"),
    (date, "date"),
    (time, "time"),
    (timedelta, "interval"),
    ((bytes, memoryview), "bytea"),
)
OUTDATED = (FeatureNotSupported, InvalidSqlStatementName, DuplicatePreparedStatement)
"""A migration changed a column that the statement returns, or a pooler changed the session behind this connection."""

Statement = TypeVar("Statement", bound=Executable)


@overload
def prepared(statement: str) -> TextClause: ...
@overload
def prepared(statement: Statement) -> Statement: ...
def prepared(statement: Any) -> Any:
    """Mark a statement, or SQL, that runs for each order. Its text must be the same for all values: a list is an array.

    Its best plan must be the same for all values too; that of a condition of a partial index is part of the text.
    """
    return (text(statement) if isinstance(statement, str) else statement).execution_options(**{PREPARED: True})


def prepare_marked(engine: Engine) -> None:
    """Prepare marked statements on all connections of this engine. Errors, and listeners to what is executed, see the
    text of the statement as without."""
    event.listen(engine, "do_execute", _execute)


class Form(NamedTuple):
    """How a statement is prepared, and executed with psycopg2's placeholders. The same statement has the same name in
    all processes."""

    name: str
    prepare: str
    execute: str


def form_of(statement: str, parameters: Mapping[str, Any]) -> Form:
    return _form(statement, tuple(_type(parameters[name]) for name in _names(statement)))


def executed_as(cursor: Any, statement: str, parameters: Any, context: Any) -> str | None:
    """The EXECUTE of a marked statement, which is prepared if this connection has not seen it yet; None for others."""
    if PREPARED not in context.execution_options or cursor.name is not None:
        return None
    known: set[str] = context.root_connection.info.setdefault(PREPARED, set())
    form = form_of(statement, parameters)
    if form.name not in known:
        if len(known) >= AT_MOST:
            return None
        cursor.execute(form.prepare)
        known.add(form.name)
    return form.execute


@lru_cache(maxsize=10 * AT_MOST)
def _names(statement: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in PLACEHOLDER.findall(statement) if name))


def _type(value: Any) -> str:
    if value is None or isinstance(value, str | list):
        return "unknown"
    if isinstance(value, int) and not isinstance(value, bool):
        return "integer" if -(2**31) <= value < 2**31 else "bigint"
    if isinstance(value, datetime):
        return "timestamptz" if value.tzinfo else "timestamp"
    return next((name for kind, name in TYPES if isinstance(value, kind)), "unknown")


@lru_cache(maxsize=10 * AT_MOST)
def _form(statement: str, types: tuple[str, ...]) -> Form:
    """`types` are those of the parameters in the order in which they first occur."""
    names = _names(statement)
    numbers = {name: f"${number}" for number, name in enumerate(names, 1)}
    numbered = PLACEHOLDER.sub(lambda found: numbers[found[1]] if found[1] else "%", statement)
    taken, given = "", ""
    if names:
        taken, given = f"({', '.join(types)})", f"({', '.join(f'%({name})s' for name in names)})"
    name = f"baton_{blake2b(f'{taken}{numbered}'.encode(), digest_size=8).hexdigest()}"
    return Form(name, f"PREPARE {name}{taken} AS {numbered}", f"EXECUTE {name}{given}")


def _execute(cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
    """True if the statement was executed; on False SQLAlchemy executes it as text."""
    begins = cursor.connection.status == STATUS_READY
    try:
        if not (execute := executed_as(cursor, statement, parameters, context)):
            return False
        cursor.execute(execute, parameters)
    except OUTDATED as problem:
        # The next user of this connection gets a new one.
        context.root_connection.connection.invalidate(problem, soft=True)
        if not begins:
            # What the transaction did before is lost. It is retried, like after any other trouble with a connection.
            raise OperationalError(f"a prepared statement is outdated: {problem}") from problem
        cursor.connection.rollback()
        return False
    return True
