"""One way to open the database."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from models.vault import Vault

Sessions = sessionmaker[Session]

PING_AFTER_IDLE_SECONDS = 5.0
"""A connection that rested longer is asked whether it still lives, before it is used."""

# A host that vanished or a firewall that forgot sends no word: it is noticed after half a minute, not after the hours
# that the system would take. A unix socket has no use for it.
NOTICE_SILENCE = {
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "tcp_user_timeout": 30_000,
}


def open_database(url: str, connections: int = 5) -> Engine:
    """An engine with as many connections as threads will use it; nothing is connected until it is used.

    A statement that waits ten seconds for a lock fails and is tried again: a stuck neighbor must not stop the shop.
    """
    engine = create_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=30,
        # Texts of exceptions end in histories, which must name nobody.
        hide_parameters=True,
        connect_args={
            "connect_timeout": 5,
            "options": "-c lock_timeout=10s -c statement_timeout=60s -c timezone=UTC",
            **NOTICE_SILENCE,
        },
    )
    event.listen(engine, "checkin", _rests)
    event.listen(engine, "checkout", _still_lives)
    return engine


def _rests(connection: DBAPIConnection | None, entry: ConnectionPoolEntry) -> None:
    entry.info["rests_since"] = time.monotonic()


def _still_lives(connection: DBAPIConnection, entry: ConnectionPoolEntry, proxy: PoolProxiedConnection) -> None:
    # To ask every time would be an eighth of all statements of an order.
    if time.monotonic() - entry.info.get("rests_since", time.monotonic()) < PING_AFTER_IDLE_SECONDS:
        return
    try:
        connection.cursor().execute("SELECT 1")
        connection.rollback()
    except Exception as error:
        raise DisconnectionError from error


def sessions(engine: Engine, vault: Vault | None = None) -> Sessions:
    """Sessions whose rows may still be read after the commit; with a vault they may also keep and read secrets."""
    return sessionmaker(engine, expire_on_commit=False, info={"vault": vault} if vault else {})


@contextmanager
def consistent_read(sessions: Sessions) -> Iterator[Session]:
    """A session whose queries all see the same moment, for reading an order together with what hangs on it."""
    with sessions() as session:
        session.connection(execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True})
        yield session
