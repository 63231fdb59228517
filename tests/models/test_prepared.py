"""Marked statements are planned once a connection, and what goes wrong with that fails no order."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import ARRAY, Engine, Text, bindparam, select, text
from sqlalchemy.exc import IntegrityError, OperationalError

from commands.bench.statements import explaining
from models import prepared as module
from models.database import open_database
from models.prepared import form_of, prepared

PREPARED = text("SELECT name, statement, generic_plans, custom_plans FROM pg_prepared_statements ORDER BY prepare_time")
LAMP = prepared("SELECT title, units FROM lamps WHERE sku = :sku")


@pytest.fixture
def engine(shared_url: str) -> Iterator[Engine]:
    """One connection to a database with a table of its own."""
    engine = open_database(shared_url, connections=1, prepares=True)
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE IF EXISTS lamps"))
        connection.execute(text("CREATE TABLE lamps (sku text PRIMARY KEY, title text, units int)"))
        connection.execute(text("INSERT INTO lamps VALUES ('ELEGANT-LAMP', '100 % brass', 7)"))
    yield engine
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE lamps"))
    engine.dispose()


def names(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return [row.name for row in connection.execute(PREPARED)]


def test_a_marked_statement_is_planned_once_a_connection(engine: Engine) -> None:
    # when
    for sku in ("ELEGANT-LAMP", "ELEGANT-LAMP", "PLAIN-LAMP"):
        with engine.begin() as connection:
            found = connection.execute(LAMP, {"sku": sku}).all()
            connection.execute(text("SELECT 1 WHERE 'a' = :sku"), {"sku": sku})

    # then
    assert found == []
    with engine.connect() as connection:
        (row,) = connection.execute(PREPARED)
    assert row.statement.endswith("AS SELECT title, units FROM lamps WHERE sku = $1")
    assert (row.generic_plans, row.custom_plans) == (3, 0)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("100 % 'brass' \\ %(sku)s", id="text"),
        pytest.param(["a", "b"], id="list"),
        pytest.param([], id="empty list"),
        pytest.param(None, id="none"),
        pytest.param(True, id="boolean"),
        pytest.param(7, id="integer"),
        pytest.param(2**40, id="bigint"),
        pytest.param(Decimal("1.5"), id="numeric"),
        pytest.param(1.5, id="float"),
        pytest.param(datetime(2026, 11, 11, 8, tzinfo=UTC), id="timestamptz"),
        pytest.param(datetime(2026, 11, 11, 8), id="timestamp"),  # noqa: DTZ001  As PostgreSQL reads one without a zone.
        pytest.param(date(2026, 11, 11), id="date"),
        pytest.param(timedelta(hours=2), id="interval"),
        pytest.param(b"\x00%", id="bytes"),
    ],
)
def test_values_have_the_types_that_they_have_in_a_text(engine: Engine, value: Any) -> None:
    typed = bindparam("value", type_=ARRAY(Text)) if isinstance(value, list) else bindparam("value")
    as_text, as_prepared = (kind("SELECT :value, '%'").bindparams(typed) for kind in (text, prepared))

    found, kinds = [], []
    with engine.connect() as connection:
        for asked in (as_text, as_prepared, as_prepared):
            result = connection.execute(asked, {"value": value})
            kinds.append(result.cursor.description[0].type_code)
            found += result.all()

    assert found == [(found[0][0], "%")] * 3
    assert kinds == [kinds[0]] * 3


def test_the_rows_that_a_change_touched_are_counted(engine: Engine) -> None:
    sold = prepared("UPDATE lamps SET units = units - :units WHERE sku = ANY(:skus)")
    with engine.begin() as connection:
        for _ in range(2):
            assert connection.execute(sold, {"units": 1, "skus": ["ELEGANT-LAMP"]}).rowcount == 1
        assert connection.execute(sold, {"units": 1, "skus": []}).rowcount == 0


def test_a_statement_stays_prepared_when_its_transaction_fails(engine: Engine) -> None:
    made = prepared("INSERT INTO lamps (sku) VALUES (:sku)")
    for _ in range(2):
        with pytest.raises(IntegrityError), engine.begin() as connection:
            connection.execute(made, {"sku": "ELEGANT-LAMP"})
    with engine.begin() as connection:
        connection.execute(made, {"sku": "PLAIN-LAMP"})

    assert len(names(engine)) == 1


def test_a_statement_that_could_not_be_prepared_is_prepared_later(engine: Engine) -> None:
    # given a migration that holds the table
    other = open_database(engine.url.render_as_string(hide_password=False), connections=1)
    with other.connect() as migration:
        migration.execute(text("LOCK TABLE lamps IN ACCESS EXCLUSIVE MODE"))
        with engine.connect() as connection:
            connection.execute(text("SET LOCAL lock_timeout = '10ms'"))
            with pytest.raises(OperationalError):
                connection.execute(LAMP, {"sku": "ELEGANT-LAMP"})
    other.dispose()

    # when
    with engine.begin() as connection:
        found = connection.execute(LAMP, {"sku": "ELEGANT-LAMP"}).all()

    # then
    assert found == [("100 % brass", 7)]
    assert len(names(engine)) == 1


def migrate(engine: Engine, change: str) -> None:
    """Change the table by another connection, as `baton migrate` does."""
    other = open_database(engine.url.render_as_string(hide_password=False), connections=1)
    with other.begin() as connection:
        connection.execute(text(change))
    other.dispose()


RETYPE = "ALTER TABLE lamps ALTER units TYPE bigint"


def test_a_statement_that_a_migration_outdated_is_executed_all_the_same(engine: Engine) -> None:
    # given
    with engine.begin() as connection:
        connection.execute(LAMP, {"sku": "ELEGANT-LAMP"})
    migrate(engine, RETYPE)

    # when it begins a transaction
    with engine.begin() as connection:
        found = connection.execute(LAMP, {"sku": "ELEGANT-LAMP"}).all()

    # then it is executed as text, and prepared anew on a new connection
    assert found == [("100 % brass", 7)]
    with engine.begin() as connection:
        connection.execute(LAMP, {"sku": "ELEGANT-LAMP"})
    assert len(names(engine)) == 1


def test_a_transaction_in_which_a_migration_outdated_a_statement_succeeds_when_retried(engine: Engine) -> None:
    # given
    sold = text("UPDATE lamps SET units = units - 1")
    with engine.begin() as connection:
        connection.execute(LAMP, {"sku": "ELEGANT-LAMP"})
    migrate(engine, RETYPE)

    # when
    with engine.connect() as connection:
        connection.execute(sold)
        with pytest.raises(OperationalError, match="outdated"):
            connection.execute(LAMP, {"sku": "ELEGANT-LAMP"})
    with engine.begin() as connection:
        connection.execute(sold)
        found = connection.execute(LAMP, {"sku": "ELEGANT-LAMP"}).all()

    # then what it did before was undone once and done once
    assert found == [("100 % brass", 6)]


def test_a_new_column_outdates_nothing(engine: Engine) -> None:
    filled = prepared(
        "INSERT INTO lamps (sku, units) SELECT sku, units FROM json_populate_recordset(NULL::lamps, :rows)".replace(
            "::", r"\:\:"
        )
    )
    with engine.begin() as connection:
        connection.execute(filled, {"rows": '[{"sku": "PLAIN-LAMP", "units": 1}]'})
    migrate(engine, "ALTER TABLE lamps ADD color text NOT NULL DEFAULT 'gold'")

    with engine.begin() as connection:
        connection.execute(filled, {"rows": '[{"sku": "BLUE-LAMP", "units": 1}]'})
        assert connection.scalar(text("SELECT count(*) FROM lamps WHERE color = 'gold'")) == 3


def test_a_session_that_a_pooler_exchanged_fails_nothing(engine: Engine) -> None:
    # given
    with engine.begin() as connection:
        connection.execute(LAMP, {"sku": "ELEGANT-LAMP"})
        connection.execute(text("DEALLOCATE ALL"))

    # when, then
    with engine.begin() as connection:
        assert connection.execute(LAMP, {"sku": "ELEGANT-LAMP"}).all() == [("100 % brass", 7)]


def test_a_connection_prepares_no_more_than_so_many(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AT_MOST", 2)
    with engine.connect() as connection:
        answers = [connection.scalar(prepared(f"SELECT {number}")) for number in range(4)]

    assert answers == [0, 1, 2, 3]
    assert len(names(engine)) == 2


def test_an_engine_that_does_not_prepare_sends_text(shared_url: str) -> None:
    engine = open_database(shared_url, connections=1)
    with engine.connect() as connection:
        assert connection.scalar(prepared("SELECT CAST(:number AS int)"), {"number": 7}) == 7
    assert names(engine) == []
    engine.dispose()


def test_a_parameter_that_occurs_twice_is_one(engine: Engine) -> None:
    form = form_of("SELECT %(b)s, %(a)s, %(b)s, 5 %% 2", {"a": 1, "b": None})

    assert form.prepare == f"PREPARE {form.name}(unknown, integer) AS SELECT $1, $2, $1, 5 % 2"
    assert form.execute == f"EXECUTE {form.name}(%(b)s, %(a)s)"


def test_a_statement_is_explained_by_the_plan_that_it_is_executed_with(engine: Engine) -> None:
    with explaining() as explained, engine.begin() as connection:
        connection.execute(LAMP, {"sku": "ELEGANT-LAMP"})

    # then the numbers of plans count an EXPLAIN too
    assert "SELECT title, units FROM lamps WHERE sku = ?" in explained.most
    with engine.connect() as connection:
        assert [(row.generic_plans, row.custom_plans) for row in connection.execute(PREPARED)] == [(2, 0)]


def test_a_statement_of_the_mapping_is_prepared_too(engine: Engine) -> None:
    asked = prepared(select(text("units")).select_from(text("lamps")).where(text("sku = :sku")))
    with engine.connect() as connection:
        assert connection.scalar(asked, {"sku": "ELEGANT-LAMP"}) == 7
        # A cursor that stays open is declared, and only text can be.
        streamed = connection.execution_options(stream_results=True).execute(asked, {"sku": "ELEGANT-LAMP"})
        assert streamed.all() == [(7,)]
