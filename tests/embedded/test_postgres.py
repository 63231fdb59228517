"""The embedded PostgreSQL: starts anywhere, keeps every commit, and ends only on purpose."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from sqlalchemy import create_engine, text

from embedded.postgres import EmbeddedPostgres
from embedded.postgres_programs import PostgresError
from embedded.services import ROOT


@pytest.fixture
def postgres(place: Path) -> Iterator[EmbeddedPostgres]:
    # Many home directories have a space or a quote in their name.
    server = EmbeddedPostgres(place / "Ann's data")
    yield server
    server.stop()


def query(url: str, statement: str) -> object:
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            result = connection.execute(text(statement))
            return result.scalar() if result.returns_rows else None
    finally:
        engine.dispose()


def test_a_started_server_has_the_database_and_safe_settings(postgres: EmbeddedPostgres) -> None:
    # given a server on an empty directory
    postgres.start()

    # when it is queried at its URL
    name = query(postgres.url, "SELECT current_database()")
    settings = [query(postgres.url, f"SHOW {name}") for name in ("fsync", "synchronous_commit", "max_connections")]

    # then it is our database, and a commit is on disk before it is confirmed
    assert name == "baton"
    assert settings == ["on", "on", "200"]
    assert query(postgres.url, "SHOW listen_addresses") == ""


def test_a_port_in_the_environment_changes_nothing(postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch) -> None:
    # given a developer whose own server has another port
    monkeypatch.setenv("PGPORT", "6543")

    # when ours starts
    postgres.start()

    # then it is reached with that variable and without it
    assert query(postgres.url, "SELECT 1") == 1
    monkeypatch.delenv("PGPORT")
    assert query(postgres.url, "SELECT 1") == 1


def test_only_the_owner_can_reach_the_socket(postgres: EmbeddedPostgres) -> None:
    postgres.start()

    socket_dir = Path(str(query(postgres.url, "SHOW unix_socket_directories")))

    assert socket_dir.stat().st_mode & 0o077 == 0


def test_starting_twice_takes_over_the_server_that_runs(postgres: EmbeddedPostgres) -> None:
    # given a server somebody else has started on the same files
    postgres.start()
    query(postgres.url, "CREATE TABLE stock AS SELECT 'ELEGANT-LAMP' AS sku")

    # when another process would start it again
    second = EmbeddedPostgres(postgres.directory.parent)
    second.start()

    # then both talk to the same one
    assert query(second.url, "SELECT sku FROM stock") == "ELEGANT-LAMP"


def test_a_commit_survives_the_death_of_the_parent_process(postgres: EmbeddedPostgres) -> None:
    # given a process that started the server, committed a row and was killed
    script = (
        "import os, signal, sys; from pathlib import Path; from embedded.postgres import EmbeddedPostgres\n"
        "from tests.embedded.test_postgres import query\n"
        "server = EmbeddedPostgres(Path(sys.argv[1])); server.start()\n"
        "query(server.url, \"CREATE TABLE stock AS SELECT 'ELEGANT-LAMP' AS sku\")\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    parent = subprocess.run([sys.executable, "-c", script, postgres.directory.parent], cwd=ROOT, check=False)
    assert parent.returncode == -signal.SIGKILL

    # when the next process starts it
    postgres.start()

    # then the row is there
    assert query(postgres.url, "SELECT sku FROM stock") == "ELEGANT-LAMP"


def test_a_commit_survives_the_death_of_the_server(postgres: EmbeddedPostgres) -> None:
    # given a killed server, whose process number now belongs to another process
    postgres.start()
    query(postgres.url, "CREATE TABLE stock AS SELECT 'ELEGANT-LAMP' AS sku")
    pid_file = postgres.directory / "postmaster.pid"
    number = pid_file.read_text().splitlines()[0]
    psutil.Process(int(number)).kill()
    pid_file.write_text(pid_file.read_text().replace(number, str(os.getpid()), 1))
    assert not postgres.running

    # when it starts again
    postgres.start()

    # then it has recovered the row
    assert query(postgres.url, "SELECT sku FROM stock") == "ELEGANT-LAMP"


def test_an_interrupted_first_start_leaves_nothing_half_made(postgres: EmbeddedPostgres) -> None:
    # given the half-made folder of a killed initdb
    draft = postgres.directory.with_name("postgres.new")
    draft.mkdir(parents=True)
    (draft / "PG_VERSION").write_text("18\n")

    # when the server starts
    postgres.start()

    # then it runs on new files
    assert postgres.running
    assert not draft.exists()


def test_a_server_starts_where_the_path_is_too_long_for_a_socket(place: Path) -> None:
    server = EmbeddedPostgres(place / ("warehouse-" * 12))
    try:
        server.start()

        assert query(server.url, "SELECT 1") == 1
    finally:
        server.stop()


def test_files_of_another_version_are_refused(postgres: EmbeddedPostgres) -> None:
    postgres.directory.mkdir(parents=True)
    (postgres.directory / "PG_VERSION").write_text("16\n")

    with pytest.raises(PostgresError, match="made by PostgreSQL 16"):
        postgres.start()


def test_a_server_that_cannot_start_says_why(postgres: EmbeddedPostgres) -> None:
    # given broken settings
    postgres.start()
    postgres.stop()
    with (postgres.directory / "postgresql.conf").open("a") as settings:
        settings.write("shared_buffers = many\n")

    # when it starts, then the message holds the reason
    with pytest.raises(PostgresError, match="shared_buffers"):
        postgres.start()
