"""A database is brought to a new schema while orders run: nobody waits long, and a run that broke off is taken up.

With MIGRATION_ORDERS=5000000 it is tried on as many.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from threading import Event

import pytest
import structlog
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from embedded.postgres import EmbeddedPostgres
from models.database import open_database, sessions
from models.schema import migrate
from tests.databases import copy_template
from tests.factories import LAMP, place_order
from tests.models.migrating import (
    A_CONSTRAINT,
    AN_INDEX,
    constraint_is_valid,
    end_session,
    index_is_valid,
    plant_orders,
    revision,
    wait_until_it_waits,
    write_revisions,
)

log = structlog.get_logger()

ORDERS = int(os.environ.get("MIGRATION_ORDERS", 5_000))
TOUCH = text("UPDATE orders SET attention = 'touched' WHERE order_id = 'PLANTED-1'")
A_PROCESS = """
import sys
from pathlib import Path
from models.database import open_database
from models.schema import migrate
migrate(open_database(sys.argv[1]), print, [Path(path) for path in sys.argv[2:]])
"""
_numbers = count(1)


@pytest.fixture
def shop(postgres: EmbeddedPostgres) -> Iterator[Engine]:
    """A database of its own, with an order."""
    engine = open_database(copy_template(postgres, f"migrating_{next(_numbers)}"), connections=8)
    plant_orders(engine, 1, 1)
    yield engine
    engine.dispose()


def test_orders_come_while_an_index_and_a_constraint_are_made(shop: Engine, tmp_path: Path) -> None:
    # given
    plant_orders(shop, 2, ORDERS)
    done, placed = Event(), []

    def place_until_done() -> None:
        while not done.is_set():
            began = time.monotonic()
            place_order(sessions(shop), [(LAMP, 1)])
            placed.append(time.monotonic() - began)

    # when
    with ThreadPoolExecutor() as threads:
        writers = [threads.submit(place_until_done) for _ in range(2)]
        try:
            began = time.monotonic()
            migrate(shop, print, write_revisions(tmp_path, AN_INDEX, A_CONSTRAINT))
            log.info("migrated", orders=ORDERS, seconds=round(time.monotonic() - began, 1))
        finally:
            done.set()
        for writer in writers:
            writer.result()

    # then
    log.info("placed meanwhile", orders=len(placed), slowest_seconds=round(max(placed), 3))
    assert (index_is_valid(shop), constraint_is_valid(shop)) == (True, True)


def test_an_order_is_placed_while_an_index_waits_for_an_older_transaction(shop: Engine, tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as threads:
        # given
        with shop.begin() as older:
            older.execute(TOUCH)
            migrating = threads.submit(migrate, shop, print, write_revisions(tmp_path, AN_INDEX))
            wait_until_it_waits(shop, "CREATE INDEX CONCURRENTLY")

            # when / then
            place_order(sessions(shop), [(LAMP, 1)])
            assert not migrating.done()
        migrating.result()
    assert index_is_valid(shop)


def test_a_locked_table_is_tried_again_after_a_pause(shop: Engine, tmp_path: Path) -> None:
    said: list[str] = []
    told = Event()

    def say(line: str) -> None:
        said.append(line)
        told.set()

    with ThreadPoolExecutor(1) as threads:
        # given
        with shop.begin() as holder:
            holder.execute(TOUCH)
            migrating = threads.submit(migrate, shop, say, write_revisions(tmp_path, A_CONSTRAINT), [0.1])

            # when
            assert told.wait(60)
        migrating.result()

    # then
    assert said[0].startswith("a table is held: trying again in 0.1 s. Oldest: ")
    assert said[1:] == ["9001: Step 9001"]
    assert constraint_is_valid(shop)


def test_the_next_migration_continues_a_killed_one(shop: Engine, tmp_path: Path) -> None:
    # given
    versions = write_revisions(tmp_path, AN_INDEX, A_CONSTRAINT)
    with shop.begin() as older:
        older.execute(TOUCH)
        arguments = [sys.executable, "-c", A_PROCESS, shop.url.render_as_string(hide_password=False)]
        with subprocess.Popen([*arguments, *map(str, versions)]) as process:
            wait_until_it_waits(shop, "CREATE INDEX CONCURRENTLY")

            # when
            process.send_signal(signal.SIGKILL)
        # Its session waits for the older transaction without a look at its client, and could still end the index.
        end_session(shop, "CREATE INDEX CONCURRENTLY")
    assert index_is_valid(shop) is False
    migrate(shop, print, versions)

    # then
    assert (index_is_valid(shop), constraint_is_valid(shop), revision(shop)) == (True, True, "9002")


def test_revisions_before_a_failing_one_stay_applied(shop: Engine, tmp_path: Path) -> None:
    # given
    versions = write_revisions(tmp_path, AN_INDEX, 'op.execute("NO SQL")')

    # when / then
    with pytest.raises(ProgrammingError):
        migrate(shop, print, versions)
    assert (index_is_valid(shop), revision(shop)) == (True, "9001")


def test_an_impossible_unique_index_is_dropped_again(shop: Engine, tmp_path: Path) -> None:
    # given
    plant_orders(shop, 2, 2)
    versions = write_revisions(tmp_path, AN_INDEX.replace(")", ", unique=True)"))

    # when / then
    with pytest.raises(IntegrityError):
        migrate(shop, print, versions)
    assert index_is_valid(shop) is None


def test_a_migration_has_no_statement_timeout_and_a_request_has(shop: Engine, tmp_path: Path) -> None:
    # given
    no_limit = """op.execute("DO $$ BEGIN ASSERT current_setting('statement_timeout') = '0'; END $$")"""

    # when
    migrate(shop, print, write_revisions(tmp_path, no_limit))

    # then
    with shop.connect() as connection:
        assert connection.scalar(text("SHOW statement_timeout")) == "1min"
