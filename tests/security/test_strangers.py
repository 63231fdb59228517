"""C15: work for callers without a valid key is bounded: unknown keys, readiness, unfinished bodies, open streams."""

import asyncio

import pytest
from sqlalchemy import event
from temporalio.exceptions import ApplicationError

from activities.shares import Shares
from api.access import Caller, KeyRing, Role
from api.bodies import UnfinishedBodies
from api.errors import Problem
from api.subscriptions.streams import Streams
from commands.keys import create_key
from models.database import Sessions
from tests.api.conftest import Connect


def record_statements(sessions: Sessions) -> list[str]:
    """The list that records every SQL statement from now on."""
    executed: list[str] = []
    engine = sessions.kw["bind"]
    event.listen(engine, "before_cursor_execute", lambda c, cursor, statement, *rest: executed.append(statement))
    return executed


async def test_unknown_keys_share_queries_and_evict_no_known_key(sessions: Sessions) -> None:
    """sec_08: each unknown key cost a query in a thread that all reads need."""
    # given a known key
    ring = KeyRing(sessions, size=100)
    key = create_key(sessions, "Sun of support", "staff")
    assert await ring.caller(key)
    asked = record_statements(sessions)

    # when 500 unknown keys come at once, and then the known one
    found = await asyncio.gather(*(ring.caller(f"baton_{number}") for number in range(500)))

    # then there were at most two queries, and none for the known key
    assert found == [None] * 500
    assert len(asked) <= 2
    assert await ring.caller(key)
    assert len(asked) <= 2
    assert len(ring._unknown) == 100


async def test_readiness_is_checked_at_most_once_a_second(connect: Connect, sessions: Sessions) -> None:
    asked: list[str] = []
    anybody = connect("")
    app = anybody._transport.app  # type: ignore[attr-defined]
    engine = app.state.services.engine
    event.listen(engine, "before_cursor_execute", lambda c, cursor, statement, *rest: asked.append(statement))

    answers = await asyncio.gather(*(anybody.get("/readyz") for _ in range(40)))

    assert {answer.status_code for answer in answers} == {503}
    assert answers[0].json()["parts"]["database"] == "up"
    queries_of_one_check = len(asked)
    assert 0 < queries_of_one_check < 10
    assert app.state.services.readiness._looking is None


async def test_the_address_with_most_unfinished_bodies_loses_them_first() -> None:
    """sec_14: 150 connections without a key held 285 MB without a time limit."""
    bodies, dropped = UnfinishedBodies(most=1_000), []

    async def hold(holder: str, size: int) -> None:
        body = None
        try:
            async with asyncio.timeout(60) as until:
                with bodies.reading(holder, until) as body:
                    body.add(size)
                    await asyncio.sleep(50)
        except TimeoutError:
            assert body is not None
            assert body.dropped
            dropped.append(holder)

    # given one address that holds five bodies open, and another that holds one
    holding = [asyncio.create_task(hold("honest", 300)), *(asyncio.create_task(hold("greedy", 300)) for _ in range(5))]
    await asyncio.sleep(0.05)

    # then the limit holds, and the bodies of the address that held most were dropped
    assert dropped == ["greedy"] * 3
    assert bodies._held == 900
    for task in holding:
        task.cancel()
    await asyncio.gather(*holding, return_exceptions=True)
    assert (bodies._held, dict(bodies._by_holder), bodies._open) == (0, {}, {})


def test_the_streams_of_a_key_and_of_a_channel_are_limited() -> None:
    """sec_13: each of 400 streams read the whole log in the threads that all reads need."""
    streams = Streams(by_key=2, by_channel=3, most=5)
    one, two = (Caller(name, name, Role.CHANNEL, "web") for name in ("one", "two"))
    with streams.one_of(one), streams.one_of(one):
        with pytest.raises(Problem, match="too-many"):
            streams.check(one)
        streams.check(two)
        with streams.one_of(two), pytest.raises(Problem, match="too-many"):
            streams.check(two)
        staff = Caller("staff", "staff", Role.STAFF, None)
        with streams.one_of(staff), streams.one_of(staff):
            streams.check(two)
            with streams.one_of(two), pytest.raises(Problem, match="too-many"):
                streams.check(Caller("shop", "shop", Role.CHANNEL, "shop"))
    streams.check(one)
    assert not streams._open


def test_slow_receivers_of_one_channel_leave_threads_for_other_channels() -> None:
    """sec_12: 24 slow receivers of one channel held all sending threads."""
    shares = Shares(limit=2)
    with shares.one_of("web"), shares.one_of("web"):
        with pytest.raises(ApplicationError) as busy, shares.one_of("web"):
            pass
        assert busy.value.next_retry_delay
        with shares.one_of("shop"), shares.one_of(None):
            pass
    with shares.one_of("web"):
        pass
