"""Reports the progress of a migration, and who blocks it, from PostgreSQL's own views."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

EVERY_SECONDS = 5.0
OLDEST = """
    SELECT format('%s %s in a transaction for %s s', pid, coalesce(nullif(application_name, ''), 'a session'),
        round(extract(epoch FROM now() - xact_start)))
    FROM pg_stat_activity
    WHERE xact_start IS NOT NULL AND pid <> pg_backend_pid() AND datname = current_database()
    ORDER BY xact_start LIMIT 3"""
PROGRESS = """
    SELECT format('%s of %s: %s', index_relid::regclass, relid::regclass, phase)
        || CASE WHEN blocks_total > 0 THEN format(', %s %% of blocks', 100 * blocks_done / blocks_total) ELSE '' END
        || CASE WHEN current_locker_pid > 0 THEN format(', waits for session %s', current_locker_pid) ELSE '' END
    FROM pg_stat_progress_create_index WHERE pid = :pid"""


def holders(connection: Connection) -> str:
    """The oldest transactions of other sessions, one of which most likely blocks the migration."""
    found = list(connection.scalars(text(OLDEST)))
    connection.commit()
    return f"Oldest: {'; '.join(found)}" if found else "Nobody holds it any more."


@contextmanager
def watched(engine: Engine, connection: Connection, say: Callable[[str], object]) -> Iterator[None]:
    """Say every few seconds how far this connection's index build is, and which session it waits for."""
    pid = connection.scalar(text("SELECT pg_backend_pid()"))
    connection.commit()
    done = Event()

    def watch() -> None:
        while not done.wait(EVERY_SECONDS):
            # The report must never stop the migration.
            with suppress(SQLAlchemyError), engine.connect() as looking:
                for line in looking.scalars(text(PROGRESS), {"pid": pid}):
                    say(line)

    thread = Thread(target=watch, name="migration-watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
