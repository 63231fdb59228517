"""Bringing a database to the present schema while it is in use, and asking whether it is there."""

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
"""Seconds to leave the table alone between two tries for its lock; after the last, about an hour, it is given up."""
LOCK_IS_TAKEN = {"55P03", "40P01"}
"""PostgreSQL's codes for a lock that did not come in time, and for a deadlock that it ended."""

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
    """Apply every migration that is missing, each in a transaction of its own. Several processes may call it at once.

    A statement may take as long as it needs, but waits only shortly for a table that somebody holds, since all who come
    later wait behind it: then the revision is rolled back and tried again after a pause. `say` is told what is done and
    who is waited for. A call that was killed is taken up by the next.
    """
    with engine.connect() as connection:
        try:
            _prepare(connection)
            _wait_for_the_others(connection, say)
            with watched(engine, connection, say):
                _upgrade(connection, migration_config(connection, say, versions), say, chain(pauses, [None]))
        finally:
            # Its settings and the lock end with it.
            connection.invalidate()


def is_current(engine: Engine) -> bool:
    """Whether the database has every migration that this code knows."""
    with engine.connect() as connection:
        present = MigrationContext.configure(connection).get_current_revision()
    return present == ScriptDirectory.from_config(migration_config()).get_current_head()


def _prepare(connection: Connection) -> None:
    connection.execute(text("SET statement_timeout = 0"))
    # A killed process must not go on in the server.
    connection.execute(text("SET client_connection_check_interval = '2s'"))
    connection.commit()


def _wait_for_the_others(connection: Connection, say: Say) -> None:
    # Asked again and again: a statement that waits is a snapshot, for whose end CREATE INDEX CONCURRENTLY would wait.
    told = False
    while not connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": int(Lock.MIGRATION)}):
        connection.commit()
        if not told:
            say("another process migrates: waiting for it")
        told = True
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
