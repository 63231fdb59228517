"""Opens the database: engine, sessions and their settings."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg2.errors import QueryCanceled
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError, OperationalError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from models.prepared import GENERIC_PLANS, prepare_marked
from models.vault import Vault

Sessions = sessionmaker[Session]

PING_AFTER_IDLE_SECONDS = 5.0
"""A connection that was idle for longer is pinged before it is used."""

# Notice after half a minute that a host vanished or a firewall dropped the connection; the default takes hours. A unix
# socket ignores these settings.
NOTICE_SILENCE = {
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "tcp_user_timeout": 30_000,
}

BOUND = text("SELECT set_config('statement_timeout', :timeout, true), set_config('enable_seqscan', 'off', true)")


def open_database(url: str, connections: int = 5, prepares: bool = False) -> Engine:
    """An engine with a fixed number of connections, one for each thread that uses it. It connects on first use.

    A statement that waits ten seconds for a lock fails and is retried, so that one stuck transaction does not stop all.
    `prepares`: marked statements are prepared (models/prepared.py), which pays for processes that live long.
    """
    options = "-c lock_timeout=10s -c statement_timeout=60s -c timezone=UTC"
    engine = create_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=30,
        # Few connections work and the others rest, so that a statement is prepared on few.
        pool_use_lifo=True,
        # Texts of exceptions end up in histories, which must name nobody.
        hide_parameters=True,
        connect_args={
            "connect_timeout": 5,
            "options": f"{options} {GENERIC_PLANS}" if prepares else options,
            **NOTICE_SILENCE,
        },
    )
    event.listen(engine, "checkin", _note_idle)
    event.listen(engine, "checkout", _ping_if_idle)
    if prepares:
        prepare_marked(engine)
    return engine


def _note_idle(connection: DBAPIConnection | None, entry: ConnectionPoolEntry) -> None:
    entry.info["idle_since"] = time.monotonic()


def _ping_if_idle(connection: DBAPIConnection, entry: ConnectionPoolEntry, proxy: PoolProxiedConnection) -> None:
    # A ping at every use would be an eighth of all statements of an order.
    if time.monotonic() - entry.info.get("idle_since", time.monotonic()) < PING_AFTER_IDLE_SECONDS:
        return
    try:
        connection.cursor().execute("SELECT 1")
        connection.rollback()
    except Exception as error:
        raise DisconnectionError from error


def sessions(engine: Engine, vault: Vault | None = None) -> Sessions:
    """Sessions whose rows stay readable after the commit. With a vault they can also store and read secrets."""
    return sessionmaker(engine, expire_on_commit=False, info={"vault": vault} if vault else {})


@contextmanager
def reading(sessions: Sessions) -> Iterator[Session]:
    """A session for a single query: without a transaction around it, it is one round trip instead of three."""
    with sessions() as session:
        session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
        yield session


@contextmanager
def autocommit(sessions: Sessions) -> Iterator[Session]:
    """A session whose statements are each a transaction of their own, and one round trip instead of three.

    For one statement that writes, or several that need not hold together."""
    with reading(sessions) as session:
        yield session
        session.commit()


NOTICEABLE_SECONDS = 0.5


class TookTooLong(Exception):
    """A request was ended because its statements read for longer than they may."""


@contextmanager
def bounded_read(sessions: Sessions, seconds: float) -> Iterator[Session]:
    """A session for queries that strangers compose: all of them together may take so many seconds, and none reads a
    whole table where an index serves. Raises TookTooLong."""
    until = time.monotonic() + seconds

    def shorten(connection: Connection, cursor: Any, *rest: object) -> None:
        left = until - time.monotonic()
        if left <= 0:
            raise TookTooLong
        # What was quick does not pay for another statement.
        if left < seconds - NOTICEABLE_SECONDS:
            cursor.execute(f"SET LOCAL statement_timeout = {max(1, int(left * 1000))}")

    try:
        with sessions() as session:
            session.execute(BOUND, {"timeout": f"{int(seconds * 1000)}ms"})
            connection = session.connection()
            event.listen(connection, "before_cursor_execute", shorten)
            try:
                yield session
            finally:
                event.remove(connection, "before_cursor_execute", shorten)
    except OperationalError as error:
        if isinstance(error.orig, QueryCanceled):
            raise TookTooLong from None
        raise


@contextmanager
def consistent_read(sessions: Sessions) -> Iterator[Session]:
    """A read-only session whose queries all see the same snapshot, for reading an order with all its parts."""
    with sessions() as session:
        session.connection(execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True})
        yield session
