"""One way to open the database."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session, sessionmaker

Sessions = sessionmaker[Session]


def open_database(url: str, connections: int = 5) -> Engine:
    """An engine with as many connections as threads will use it; nothing is connected until it is used.

    A statement that waits ten seconds for a lock fails and is tried again: a stuck neighbor must not stop the shop.
    """
    return create_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        pool_pre_ping=True,
        pool_timeout=30,
        connect_args={"connect_timeout": 5, "options": "-c lock_timeout=10s -c statement_timeout=60s -c timezone=UTC"},
    )


def sessions(engine: Engine) -> Sessions:
    """Sessions whose rows may still be read after the commit."""
    return sessionmaker(engine, expire_on_commit=False)


@contextmanager
def one_moment(sessions: Sessions) -> Iterator[Session]:
    """A session whose queries all see the same moment, for reading an order together with what hangs on it."""
    with sessions() as session:
        session.connection(execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True})
        yield session
