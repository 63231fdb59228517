"""The schema: the migrations make what the mappings say, and PostgreSQL itself keeps the promises about stock."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from embedded.postgres import EmbeddedPostgres
from models.base import Base
from models.database import Sessions, open_database
from models.schema import is_current, migrate
from models.stock import StockRow
from tests.factories import LAMP, an_order, place_orders, stock_shop


def test_the_migrations_make_what_the_mappings_say(engine: Engine) -> None:
    # when
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), Base.metadata)

    # then
    assert differences == []


def test_several_processes_may_migrate_an_empty_database_at_once(postgres: EmbeddedPostgres) -> None:
    # given
    empty = open_database(postgres.ensure_database("empty"))
    before = is_current(empty)

    # when
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(migrate, [empty] * 4))

    # then
    assert (before, is_current(empty)) == (False, True)
    empty.dispose()


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("reserved = 11", "ck_stock_never_oversold"),
        ("allocated = 6, reserved = 5", "ck_stock_never_oversold"),
        ("quarantined = 11", "ck_stock_never_oversold"),
        ("on_hand = 4, buffer = 5", "ck_stock_never_oversold"),
        ("reserved = -1", "ck_stock_counters_not_negative"),
        ("in_transit = -1", "ck_stock_counters_not_negative"),
    ],
)
def test_a_manual_update_cannot_oversell(sessions: Sessions, change: str, constraint: str) -> None:
    # given
    stock_shop(sessions, {"HANGZHOU": {LAMP: 10}})

    # when / then
    with pytest.raises(IntegrityError, match=constraint), sessions.begin() as session:
        session.execute(text(f"UPDATE stock SET {change}"))


def test_what_is_available_is_computed_by_the_database(sessions: Sessions) -> None:
    # given
    stock_shop(sessions, {"HANGZHOU": {LAMP: 10}})

    # when
    with sessions.begin() as session:
        session.execute(text("UPDATE stock SET reserved = 1, allocated = 2, buffer = 3, in_transit = 9"))

    # then
    with sessions() as session:
        assert session.get_one(StockRow, (LAMP, "HANGZHOU")).available == 4


def test_a_channel_order_is_there_once(sessions: Sessions) -> None:
    # given
    order = an_order()
    place_orders(sessions, [order])

    # when / then
    with pytest.raises(IntegrityError, match="uq_orders_channel_channel_order_id"):
        place_orders(sessions, [order])


def test_importing_subscriptions_imports_the_tables_they_refer_to() -> None:
    """A worker imports fewer tables than the API, and SQLAlchemy asks for every table that is referred to."""
    program = (
        "from models.subscription import SubscriptionRow as row\n[key.column for key in row.__table__.foreign_keys]"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
