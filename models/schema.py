"""Migrates a database to the current schema while it is in use, and checks whether it is current."""

import os
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import chain, repeat
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from models.locks import Lock
from models.migration_watch import holders, watched
from models.migrations.online import LOCK_TIMEOUT

MIGRATIONS = Path(__file__).with_name("migrations")
VERSIONS = MIGRATIONS / "versions"
PAUSES = (1.0, 2.0, 4.0, 8.0, 15.0, *repeat(30.0, 120))
"""Seconds between two attempts to lock a table. After the last one, about an hour in all, the migration fails."""
LOCK_IS_TAKEN = {"55P03", "40P01"}
"""SQLSTATE of a lock timeout, and of a deadlock."""

Say = Callable[[str], object]


def migration_config(
    connection: Connection | None = None, say: Say = str, versions: Sequence[Path] = (VERSIONS,)
) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.set_main_option("version_locations", os.pathsep.join(map(str, versions)))
    config.attributes["connection"] = connection

    def on_version_apply(step: Any, **_: Any) -> None:
        say(f"{step.up_revision_id}: {step.up_revision.doc}")

    config.attributes["on_version_apply"] = on_version_apply
    return config


def migrate(
    engine: Engine, say: Say = str, versions: Sequence[Path] = (VERSIONS,), pauses: Iterable[float] = PAUSES
) -> None:
    """Apply every missing migration, each in a transaction of its own. Several processes may call it at once.

    A statement may run as long as it needs, but waits only briefly for the lock of a table, since all later
    transactions queue behind it. If it gets no lock, the revision is rolled back and retried after a pause. `say` gets
    messages for the operator. After a killed call the next one continues.
    """
    with engine.connect() as connection:
        try:
            _prepare(connection)
            _wait_for_other_migrations(connection, say)
            with watched(engine, connection, say):
                _upgrade(connection, migration_config(connection, say, versions), say, chain(pauses, [None]))
        finally:
            # Closing the connection releases the lock and drops its settings.
            connection.invalidate()


def is_current(engine: Engine) -> bool:
    """True if the database has every migration of this code."""
    with engine.connect() as connection:
        present = MigrationContext.configure(connection).get_current_revision()
    return present == ScriptDirectory.from_config(migration_config()).get_current_head()


def _prepare(connection: Connection) -> None:
    connection.execute(text("SET statement_timeout = 0"))
    # The server must stop the statement of a killed process.
    connection.execute(text("SET client_connection_check_interval = '2s'"))
    connection.commit()


def _wait_for_other_migrations(connection: Connection, say: Say) -> None:
    # Polling: a waiting statement holds a snapshot, and CREATE INDEX CONCURRENTLY would wait for that.
    announced = False
    while not connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": int(Lock.MIGRATION)}):
        connection.commit()
        if not announced:
            say("another process migrates: waiting for it")
        announced = True
        time.sleep(0.2)
    connection.commit()


def _upgrade(connection: Connection, config: Config, say: Say, pauses: Iterable[float | None]) -> None:
    for pause in pauses:
        connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
        connection.commit()
        try:
            command.upgrade(config, "head")
            return
        except OperationalError as error:
            if getattr(error.orig, "pgcode", None) not in LOCK_IS_TAKEN or pause is None:
                raise
            connection.rollback()
            say(f"a table is held: trying again in {pause:g} s. {holders(connection)}")
            time.sleep(pause)
