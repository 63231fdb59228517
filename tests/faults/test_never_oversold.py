"""Four orders for each unit, while claimants are killed and cut off in the middle: exactly the stock is sold.

CLAIMING_ORDERS is how many orders claim, 40 by default.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, text

from commands.verify import verify
from models.database import Sessions
from tests.factories import an_order, place_orders, stock_shop
from tests.faults.claimant import Claimant

ORDERS, CHANNELS = int(os.environ.get("CLAIMING_ORDERS", "40")), ("tmall", "jd", "store")
UNITS = ORDERS // 4
PLACES = {"HANGZHOU": UNITS // 2, "CHENGDU": UNITS - UNITS // 2}
# The tables at which a claim is stopped: before its first write, in the middle, and before its last.
MOMENTS = ("reservations", "order_events", "step_results", "stock", "stock_movements")
PATIENCE_SECONDS = 120.0

STOPPED = """FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"""
# Claims are logged in the sequence of their locks: a refusal before the last reservation came too early.
REFUSED_TOO_EARLY = text("""
    SELECT count(*) FROM order_events refused WHERE type = 'sourcing.failed' AND order_id = ANY(:orders)
    AND event_id < (SELECT max(event_id) FROM order_events WHERE type = 'reservation.created'
        AND order_id = ANY(:orders))
""")


@pytest.fixture
def claimants(database_url: str, engine: Engine) -> Iterator[list[Claimant]]:
    claimants = [Claimant(database_url) for _ in range(2)]
    yield claimants
    for claimant in claimants:
        claimant.kill()


@contextmanager
def stopped_at(engine: Engine, table: str) -> Iterator[None]:
    """Block writes to the table, so that claims stop there while the body runs."""
    with engine.begin() as blocking:
        blocking.execute(text(f"LOCK TABLE {table} IN SHARE MODE"))
        yield


def until_a_claim_is_stopped(engine: Engine) -> None:
    give_up = time.monotonic() + PATIENCE_SECONDS
    with engine.connect() as connection:
        while not connection.scalar(text(f"SELECT count(*) {STOPPED}")):
            assert time.monotonic() < give_up, "no claim was stopped"
            connection.rollback()
            time.sleep(0.01)


def cut_stopped_sessions(engine: Engine) -> None:
    with engine.begin() as connection:
        assert connection.execute(text(f"SELECT pg_terminate_backend(pid) {STOPPED}")).all()


def test_killed_claimants_and_cut_connections_sell_exactly_the_stock(
    sessions: Sessions, engine: Engine, database_url: str, claimants: list[Claimant]
) -> None:
    for moment in MOMENTS:
        # Given lanterns, and four times as many orders from three channels
        lantern = f"SILK-LANTERN-{moment}"
        stock_shop(sessions, {place: {lantern: units} for place, units in PLACES.items()})
        lines = [(lantern, 1)]
        channels = [an_order(lines, channel=CHANNELS[number % 3]) for number in range(ORDERS)]
        orders = place_orders(sessions, channels)

        # When two processes claim for the first of them, and one is killed in the middle
        early, late = orders[: UNITS // 2], orders[UNITS // 2 :]
        with stopped_at(engine, moment):
            for claimant in claimants:
                claimant.ask(early)
            until_a_claim_is_stopped(engine)
            claimants[0].kill()
        claimants[0] = Claimant(database_url)
        claimants[0].ask(early)
        answers = [claimant.answers() for claimant in claimants]

        # And connections are cut in the middle of the others, when the last lanterns go
        with stopped_at(engine, moment):
            for claimant in claimants:
                claimant.ask(late[::-1])
            until_a_claim_is_stopped(engine)
            cut_stopped_sessions(engine)
        answers = [before | claimant.answers() for before, claimant in zip(answers, claimants, strict=True)]

        # Then both have the same answers, exactly the stock is sold, and nobody was refused while units remained
        assert answers[0] == answers[1]
        assert sorted(answers[0].values()) == [0] * (ORDERS - UNITS) + [1] * UNITS
        with sessions() as session:
            assert session.scalar(REFUSED_TOO_EARLY, {"orders": orders}) == 0

    # And `baton verify` has checked every row
    report = verify(sessions)
    checked = {result.name: result.checked for result in report.results}
    assert report.clean, [result.line.plain for result in report.results if result.wrong]
    assert checked["stock counters equal the sums of the ledger"] == len(MOMENTS) * len(PLACES) * 6
    assert checked["no ended order reserves stock"] == len(MOMENTS) * UNITS
    assert checked["every order has a workflow or an end"] == len(MOMENTS) * ORDERS
