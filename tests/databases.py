"""One database for all tests of a process, reset before each: creating one takes longer than most tests."""

from functools import cache

from sqlalchemy import Connection, Engine, Table, create_engine, text

from embedded.postgres import EmbeddedPostgres
from models.base import Base
from models.schema import migrate

TEMPLATE = "baton_template"
"""The database with every migration and no rows that all others are copied from."""

# Most tables stay empty, and checking for rows takes a tenth of the time of deleting none.
EMPTY_AGAIN = "IF EXISTS (SELECT FROM {0}) THEN DELETE FROM {0}; END IF;"
FILLED_AGAIN = """
    IF EXISTS ((TABLE {0} EXCEPT TABLE kept.{0}) UNION ALL (TABLE kept.{0} EXCEPT TABLE {0})) THEN
        DELETE FROM {0};
        INSERT INTO {0} ({1}) OVERRIDING SYSTEM VALUE SELECT {1} FROM kept.{0};
    END IF;"""
COUNTED_AGAIN = "PERFORM setval('{0}', {1}, {2}) FROM {0} WHERE (last_value, is_called) <> ({1}, {2});"
BRINGING_BACK = "CREATE FUNCTION kept.bring_back() RETURNS void LANGUAGE plpgsql AS $$ BEGIN {} END $$"
# Without triggers, foreign keys do not restrict the sequence of the tables.
WITHOUT_TRIGGERS = {"options": "-c session_replication_role=replica"}


def make_template(postgres: EmbeddedPostgres) -> None:
    engine = create_engine(postgres.ensure_database(TEMPLATE))
    migrate(engine)
    keep(engine)
    engine.dispose()


def copy_template(postgres: EmbeddedPostgres, name: str) -> str:
    """Create a database with every migration and no rows; return its URL."""
    admin = create_engine(postgres.url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}"))
    admin.dispose()
    return postgres.ensure_database(name)


def keep(engine: Engine) -> None:
    """Save the current rows and sequences for `bring_back`."""
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA IF EXISTS kept CASCADE"))
        connection.execute(text("CREATE SCHEMA kept"))
        steps = [_table(connection, table) for table in Base.metadata.tables.values()]
        sequences = "SELECT sequencename FROM pg_sequences WHERE schemaname = 'public'"
        steps += [_sequence(connection, name) for name in connection.scalars(text(sequences))]
        connection.exec_driver_sql(BRINGING_BACK.format("".join(steps)))


def bring_back(engine: Engine) -> None:
    """Restore the saved rows and sequences; takes about 2 ms."""
    with _without_triggers(engine).begin() as connection:
        connection.execute(text("SELECT kept.bring_back()"))


@cache
def _without_triggers(engine: Engine) -> Engine:
    # A connection of its own that never has triggers: whenever that is set, all statements are planned anew.
    return create_engine(engine.url, connect_args=WITHOUT_TRIGGERS, pool_size=1, pool_pre_ping=True)


def _table(connection: Connection, table: Table) -> str:
    name = table.name
    if not connection.scalar(text(f"SELECT EXISTS (SELECT FROM {name})")):
        return EMPTY_AGAIN.format(name)
    connection.execute(text(f"CREATE TABLE kept.{name} AS TABLE {name}"))
    return FILLED_AGAIN.format(name, ", ".join(column.name for column in table.columns if not column.computed))


def _sequence(connection: Connection, name: str) -> str:
    value, called = connection.execute(text(f"SELECT last_value, is_called FROM {name}")).one()
    return COUNTED_AGAIN.format(name, value, called)
