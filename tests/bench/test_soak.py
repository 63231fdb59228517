"""`baton bench soak`: a constant rate, and what drifts while it lasts."""

import os
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.testing import WorkflowEnvironment

from commands.bench import soak, steady
from commands.bench.orders import OrderLoad
from commands.bench.soak_record import Waits, placed_and_told, times
from commands.bench.speed import Speed
from models.database import Sessions
from models.messaging import MessageRow
from models.order import OrderRow
from tests.baton import open_baton
from tests.factories import an_order, place_orders

BEGAN = datetime(2026, 11, 23, 10, tzinfo=UTC)


async def test_a_soak_prints_times_memory_and_growth(
    temporal: WorkflowEnvironment, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(soak, "WARM_UP", 1)
    monkeypatch.setattr(steady, "LOOK_EVERY_SECONDS", 0.2)
    seen = dict[str, tuple[int, int]]()
    async with open_baton(temporal, database_url) as baton:
        # given
        load = OrderLoad(str(baton.api.base_url), baton.sessions)
        load.prepare(100)
        us = {name: [os.getpid()] for name in ("temporal", "worker", "simulators")}

        def say(name: str, done: int, total: int) -> None:
            seen[name] = done, total

        # when
        bench = soak.Soak(load, baton.sessions, us, us, say, Speed())
        figures = await bench.run(0.05, 2, peak=False)

    # then
    assert (figures.orders, figures.carried_per_s, figures.peak_hours, figures.peak) == (6, None, None, None)
    assert seen["placed"] == seen["told"] == (6, 6)
    assert 0 < figures.rate_per_s <= 2
    assert 0 < figures.milestone_to_told.p50_s < figures.accepted_to_told.p50_s <= figures.accepted_to_told.p99_s
    assert all(start > 0 and end > 0 for start, end in figures.memory_mb.values())
    assert figures.growth_bytes_per_order["all"] > 0
    assert figures.cores_for_500000_a_day > 0


def test_times_count_from_the_acceptance_and_from_each_milestone(sessions: Sessions) -> None:
    # given orders of four parts of a minute, told of two milestones each, the later they came the slower
    orders = place_orders(sessions, [an_order() for _ in range(4)])
    with sessions.begin() as session:
        for number, order_id in enumerate(orders):
            order = session.get_one(OrderRow, order_id)
            order.received_at, order.status = BEGAN + timedelta(seconds=15 * number), "completed"
            for seconds in (2, 5 + number):
                told_at = order.received_at + timedelta(seconds=seconds)
                message = MessageRow(message_id=f"{order_id}-{seconds}", order_id=order_id, recipient="erp")
                message.milestone, message.data, message.sent_at = "accepted", {}, told_at
                message.created_at = told_at - timedelta(seconds=1)
                session.add(message)
        message.sent_at = None

    # when
    with sessions() as session:
        counted = placed_and_told(session, BEGAN)
        found = times(session, BEGAN, BEGAN + timedelta(minutes=1))

    # then the order with a message that was not sent is open
    assert counted == (4, 3)
    assert found.accepted_to_told.p50_s == 5.5
    assert [part.p50_s for part in found.accepted_to_told_by_part] == [5, 6, 7, 2]
    assert found.milestone_to_told == Waits(1, 1)
