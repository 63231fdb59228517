"""The embedded PostgreSQL has the contrib modules that Baton and Temporal's own server want, and sound backups."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text

from embedded.postgres import PORT, EmbeddedPostgres
from embedded.postgres_programs import PostgresError, run_program


@pytest.fixture(scope="module")
def engine(postgres: EmbeddedPostgres) -> Iterator[Engine]:
    engine = create_engine(postgres.ensure_database("contrib"), isolation_level="AUTOCOMMIT")
    yield engine
    engine.dispose()


def run(engine: Engine, *statements: str) -> object:
    """Run them in one session, and return the first value of the last one."""
    with engine.connect() as connection:
        for statement in statements:
            result = connection.execute(text(statement))
        return result.scalar() if result.returns_rows else None


def test_statements_are_counted_where_that_is_switched_on(engine: Engine) -> None:
    # given a database that counts, and in it a session from before and one from after
    counted = "SELECT sum(calls)::int FROM pg_stat_statements WHERE query LIKE '%ELEGANT-LAMP%'"
    statement = 'SELECT 1 AS "ELEGANT-LAMP"'
    run(engine, "CREATE EXTENSION pg_stat_statements", statement)
    run(engine, "ALTER DATABASE contrib SET compute_query_id = on")
    engine.dispose()

    # when the later one repeats a statement
    run(engine, *[statement] * 3)

    # then only its own are counted
    assert run(engine, counted) == 3


def test_similar_words_are_found_by_an_index(engine: Engine) -> None:
    run(
        engine,
        "CREATE EXTENSION pg_trgm",
        "CREATE TABLE goods AS SELECT unnest(ARRAY['ELEGANT-LAMP', 'TEACUP']) AS sku",
        "CREATE INDEX ON goods USING gin (sku gin_trgm_ops)",
    )

    assert run(engine, "SET enable_seqscan = off", "SELECT sku FROM goods WHERE sku % 'elegnat lamp'") == "ELEGANT-LAMP"


def test_a_plain_column_and_a_list_share_an_index(engine: Engine) -> None:
    """The form of Temporal's indexes on lists of keywords."""
    run(
        engine,
        "CREATE EXTENSION btree_gin",
        "CREATE TABLE visibility (namespace_id text, waits_for jsonb)",
        "CREATE INDEX ON visibility USING gin (namespace_id, waits_for jsonb_path_ops)",
        """INSERT INTO visibility VALUES ('default', '["stock", "payment"]'), ('other', '["stock"]')""",
    )
    find = """SELECT count(*) FROM visibility WHERE namespace_id = 'default' AND waits_for @> '["stock"]'"""

    assert run(engine, "SET enable_seqscan = off", find) == 1


def test_a_base_backup_verifies_until_a_byte_of_it_is_changed(place: Path) -> None:
    def program(name: str, *arguments: str) -> None:
        run_program(name, *arguments, cwd=place, popen_arguments={})

    # given a server that logs enough for a backup
    server = EmbeddedPostgres(place / "shop")
    backup = place / "backup"
    try:
        server.start()
        server.stop()
        with (server.directory / "postgresql.conf").open("a") as settings:
            settings.write("wal_level = replica\nmax_wal_senders = 2\n")
        server.start()

        # when it is copied while it runs
        socket = create_engine(server.url).url.query["host"]
        address = (f"--host={socket}", f"--port={PORT}", "--username=postgres")
        program("pg_basebackup", *address, "--checkpoint=fast", f"--pgdata={backup}")
    finally:
        server.stop()

    # then the copy is sound, its log included
    program("pg_verifybackup", str(backup))

    # and a damaged one is refused
    version = backup / "PG_VERSION"
    version.write_text("81\n")
    with pytest.raises(PostgresError, match="PG_VERSION"):
        program("pg_verifybackup", str(backup))
