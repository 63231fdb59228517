"""Plants rows of very many ended orders, copied from those of a few real ones.

Every table with rows that name an order is planted, so that a new table cannot be forgotten.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from psycopg2.extensions import QuotedString
from sqlalchemy import Connection, Engine, text

CHUNK = 20_000
DAYS_OF_THE_FEW = 1000
"""How far back the smaller number of orders goes: further than any list or report of a day's work reads. The larger
number goes back in proportion, so that there are more days, not more orders a day."""
QUEUES = {
    "histories_due",
    "stock_touches",
    "idempotency_keys",
    "set_asides",
    "erasures_due",
    "sealing",
    "hashed_contacts",
}
"""Tables of work to do, which ended orders have none of."""

COLUMNS = text("""
    SELECT c.relname, a.attname, format_type(a.atttypid, NULL), a.attidentity <> '',
        EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND a.attnum = ANY(i.indkey))
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
      AND a.attgenerated = ''
    ORDER BY c.relname, a.attnum
""")
ORDERS = text("SELECT order_id, channel_order_id FROM orders ORDER BY order_id")
ALL_SEALED = text("""
    INSERT INTO sealing (event_id) SELECT coalesce(max(event_id), 0) FROM order_events
    ON CONFLICT (one) DO UPDATE SET event_id = excluded.event_id
""")
SEQUENCES = text("""
    SELECT format('SELECT setval(%L, %s)', pg_get_serial_sequence(quote_ident(c.relname), a.attname), :last)
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND a.attidentity <> ''
""")
PREFIX = "0PLANTED-"
"""Sorts planted orders before new ones, since they are older."""
NUMBER = "to_char(n, 'FM0000000000')"
AGE_SECONDS = "(%(orders)s - n) * %(seconds)s"
COUNTED = {"event_id", "touch_id"}
"""Columns that refer to an identity of another table."""
UNIQUE_TEXT = re.compile(r"(?=.*\d).{8,}", re.DOTALL)
"""An indexed text that looks like an id: each planted order gets its own."""


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    is_identity: bool
    is_indexed: bool

    def is_counted(self) -> bool:
        return self.is_identity or (self.name in COUNTED and self.type == "bigint")


@dataclass(frozen=True)
class Template:
    """Statements that plant rows like those of a few orders, by order and table."""

    orders: Sequence[Mapping[str, Sequence[str]]]
    stride: int
    """The distance between the identities of two planted orders."""

    @property
    def most_rows(self) -> int:
        """The most rows of one table for one order."""
        return max(len(rows) for tables in self.orders for rows in tables.values())

    def rows_an_order(self, rows_of_a_table: int) -> Counter[str]:
        """Count the rows by table of all orders of the template, each with at most `rows_of_a_table`."""
        planted = Counter[str]()
        for tables in self.orders:
            planted.update({table: min(len(rows), rows_of_a_table) for table, rows in tables.items()})
        return planted

    def statements(self, rows_of_a_table: int) -> Iterator[str]:
        """Yield statements that each insert one row for each order whose turn it is.

        An order gets at most `rows_of_a_table` rows of a table.
        """
        for place, tables in enumerate(self.orders):
            for rows in tables.values():
                for index, insert in enumerate(rows):
                    turn = f"n %% {len(self.orders)} = {place} AND (n / {len(self.orders)} + {index}) %% {len(rows)}"
                    yield f"{insert} FROM generate_series(%(first)s, %(last)s) AS n WHERE {turn} < {rows_of_a_table}"


def read_template(engine: Engine) -> Template:
    """Read the rows of every order in the record; all must have ended, with nothing to do."""
    with engine.connect() as connection:
        columns: dict[str, list[Column]] = {}
        for table, *column in connection.execute(COLUMNS):
            if table not in QUEUES:
                columns.setdefault(table, []).append(Column(*column))
        rows = {table: _rows(connection, table, of_table) for table, of_table in columns.items()}
        stride = 1 + _highest(columns, rows)
        return Template(
            [
                {
                    table: [_insert(table, columns[table], row, names, stride) for row in mine]
                    for table, found in rows.items()
                    if (mine := [row for row in found if names.search("\n".join(filter(None, row)))])
                }
                for names in [re.compile("|".join(map(re.escape, both))) for both in connection.execute(ORDERS).all()]
            ],
            stride,
        )


def plant(
    engine: Engine, template: Template, orders: int, few: int, rows: int, progress: Callable[[int], object]
) -> None:
    """Plant `orders` orders, the oldest first, with at most `rows` rows of a table each; `few` fill DAYS_OF_THE_FEW."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for setting in ("statement_timeout = 0", "session_replication_role = replica", "synchronous_commit = off"):
            # Skip foreign key checks: the rows refer to each other like those that they are copied from.
            connection.execute(text(f"SET {setting}"))
        for first in range(1, orders + 1, CHUNK):
            last = min(first + CHUNK - 1, orders)
            values = {"first": first, "last": last, "orders": orders, "seconds": DAYS_OF_THE_FEW * 86_400 / few}
            for statement in template.statements(rows):
                connection.exec_driver_sql(statement, values)
            progress(last)
        connection.execute(ALL_SEALED)
        for move_on in connection.scalars(SEQUENCES, {"last": (orders + 1) * template.stride}).all():
            connection.exec_driver_sql(move_on)
        connection.execute(text("VACUUM (ANALYZE, PARALLEL 0)"))
        connection.invalidate()


def _rows(connection: Connection, table: str, columns: Sequence[Column]) -> list[list[str | None]]:
    names = ", ".join(f'"{column.name}"::text' for column in columns)
    return [list(row) for row in connection.exec_driver_sql(f'SELECT {names} FROM "{table}"')]


def _highest(columns: Mapping[str, Sequence[Column]], rows: Mapping[str, Sequence[Sequence[str | None]]]) -> int:
    numbers = [
        int(value)
        for table, found in rows.items()
        for row in found
        for column, value in zip(columns[table], row, strict=True)
        if value and column.is_counted()
    ]
    return max(numbers, default=0)


def _insert(
    table: str, columns: Sequence[Column], row: Sequence[str | None], names: re.Pattern[str], stride: int
) -> str:
    values = [_value(column, value, names, stride) for column, value in zip(columns, row, strict=True)]
    into = ", ".join(f'"{column.name}"' for column in columns)
    return f'INSERT INTO "{table}" ({into}) OVERRIDING SYSTEM VALUE SELECT {", ".join(values)}'


def _value(column: Column, value: str | None, names: re.Pattern[str], stride: int) -> str:
    """The SQL of this value for the planted order number `n`."""
    if value is None:
        return "NULL"
    if column.is_counted():
        return f"{value} + CAST(n AS bigint) * {stride}"
    if column.type == "timestamp with time zone" and "infinity" not in value:
        return f"{_quoted(value)}::timestamptz - make_interval(secs => {AGE_SECONDS})"
    if column.type == "date":
        return f"{_quoted(value)}::date - CAST({AGE_SECONDS} / 86400 AS int)"
    if names.search(value):
        pieces = [f"{_quoted(piece)}" for piece in names.split(value)]
        return f"CAST({f' || {_quoted(PREFIX)} || {NUMBER} || '.join(pieces)} AS {column.type})"
    if column.is_indexed and column.type == "text" and UNIQUE_TEXT.fullmatch(value):
        return f"{_quoted(value[:-10])} || {NUMBER}"
    if column.is_indexed and column.type == "bigint" and len(value) > 9:
        return f"{value} + n"
    return f"CAST({_quoted(value)} AS {column.type})"


def _quoted(value: str) -> str:
    literal = QuotedString(value)
    literal.encoding = "utf8"
    return literal.getquoted().decode().replace("%", "%%")
