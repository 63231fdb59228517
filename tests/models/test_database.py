"""A connection notices within half a minute that its host vanished."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from sqlalchemy import make_url, text

from embedded.postgres import EmbeddedPostgres
from models.database import Sessions, TookTooLong, bounded_read, open_database


@contextmanager
def over_tcp(path: str) -> Iterator[int]:
    """A port on which the server behind a unix socket is reached."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def carry(source: socket.socket, target: socket.socket) -> None:
            with suppress(OSError):
                while data := source.recv(65_536):
                    target.sendall(data)
            with suppress(OSError):
                target.shutdown(socket.SHUT_WR)

        def take() -> None:
            with suppress(OSError):
                while True:
                    client, _ = listening.accept()
                    server = socket.socket(socket.AF_UNIX)
                    server.connect(path)
                    for pair in ((client, server), (server, client)):
                        threading.Thread(target=carry, args=pair, daemon=True).start()

        threading.Thread(target=take, daemon=True).start()
        yield listening.getsockname()[1]


def test_a_connection_notices_a_host_that_vanished(postgres: EmbeddedPostgres) -> None:
    # given a database that is reached over a network
    url = make_url(postgres.url)
    with over_tcp(f"{url.query['host']}/.s.PGSQL.{url.query['port']}") as port:
        there = url.set(host="127.0.0.1", port=port, query={}).render_as_string(hide_password=False)
        engine = open_database(there)

        # when somebody connects
        with engine.connect() as connection:
            assert connection.scalar(text("SELECT 1")) == 1
            number = os.dup(connection.connection.driver_connection.fileno())  # type: ignore[union-attr]
            with socket.socket(fileno=number) as asked:
                keeps_alive = asked.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
                idle, pause, tries, unanswered = (
                    asked.getsockopt(socket.IPPROTO_TCP, option)
                    for option in (
                        socket.TCP_KEEPIDLE,
                        socket.TCP_KEEPINTVL,
                        socket.TCP_KEEPCNT,
                        socket.TCP_USER_TIMEOUT,
                    )
                )
        engine.dispose()

    # then silence is noticed within half a minute, whether something was sent or not
    assert keeps_alive
    assert idle + pause * tries <= 30
    assert unanswered == 30_000


def test_all_statements_of_a_bounded_read_share_its_time(sessions: Sessions) -> None:
    def read_twice() -> None:
        with bounded_read(sessions, 0.8) as session:
            for _ in range(2):
                session.execute(text("SELECT pg_sleep(0.55)"))

    with pytest.raises(TookTooLong):
        read_twice()
    with bounded_read(sessions, 5.0) as session:
        assert session.scalar(text("SELECT 1")) == 1
