"""PostgreSQL stands still (a failover, a paused machine, a full disk) longer than a step may take: when it is back,
every order continues. `STILL=40 ORDERS=150` tries it with the real time limit of a step."""

import asyncio
import os
import signal
import sys
import time
import traceback
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest
from sqlalchemy import text
from temporalio.testing import WorkflowEnvironment

from commands.seed import Shop, stock_shop
from embedded.postgres import EmbeddedPostgres
from tests.baton import QUICK, Baton, open_baton
from tests.databases import copy_template
from workflows.activity_options import DATABASE

ORDERS = int(os.environ.get("ORDERS", "8"))
STILL_SECONDS = float(os.environ.get("STILL", "3"))
HALL = {"location_id": "HALL", "kind": "warehouse", "name": "Hall", "country": "CN", "province": "广东省"}


@pytest.fixture
async def baton(
    temporal: WorkflowEnvironment, postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Baton]:
    limit = DATABASE["start_to_close_timeout"]
    monkeypatch.setitem(DATABASE, "start_to_close_timeout", min(limit, timedelta(seconds=STILL_SECONDS / 2)))
    async with open_baton(temporal, copy_template(postgres, "stands_still"), QUICK) as opened:
        yield opened


async def test_orders_continue_after_the_database_stood_still(baton: Baton, postgres: EmbeddedPostgres) -> None:
    # Given orders that claim the same goods, and wait for each other in the middle of it
    with baton.sessions.begin() as session:
        stock_shop(session, Shop({"MANY": "Many"}, [HALL], {("MANY", "HALL"): 100_000}))
    with baton.sessions.begin() as blocking:
        blocking.execute(text("LOCK TABLE reservations IN SHARE MODE"))
        orders = await asyncio.gather(*(baton.order("STILL", lines=[("MANY", 1, "9.00")]) for _ in range(ORDERS)))
        await asyncio.to_thread(until, lambda: threads_at_the_desk() >= 3)

        # When PostgreSQL stands still for longer than a step may take
        processes = postgres._processes()
        for process in processes:
            os.kill(process.pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(STILL_SECONDS)
        finally:
            for process in processes:
                os.kill(process.pid, signal.SIGCONT)

    # Then every order completes, and so does one that comes later
    orders.append(await baton.order("AFTER", lines=[("MANY", 1, "9.00")]))
    open_orders = "SELECT count(*) FROM orders WHERE status <> 'completed'"
    await asyncio.to_thread(until, lambda: not baton.rows(open_orders)[0].count)
    assert len(baton.rows("SELECT 1 FROM orders")) == len(orders)


def until(holds: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < give_up
        time.sleep(0.1)


def threads_at_the_desk() -> int:
    stacks = (traceback.walk_stack(frame) for frame in sys._current_frames().values())
    return sum(any(frame.f_code.co_name == "submit" for frame, _ in stack) for stack in stacks)
