"""C15: work that nobody has signed for is bounded: unknown keys, readiness, unfinished bodies, and open streams."""

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


def statements(sessions: Sessions) -> list[str]:
    """What the database is asked from now on."""
    asked: list[str] = []
    engine = sessions.kw["bind"]
    event.listen(engine, "before_cursor_execute", lambda c, cursor, statement, *rest: asked.append(statement))
    return asked


async def test_keys_that_nobody_has_are_asked_for_together_and_forget_none_that_is_known(sessions: Sessions) -> None:
    """sec_08: each unknown key cost a query, in a thread that everybody's reads need."""
    # given a key that is known
    ring = KeyRing(sessions, size=100)
    key = create_key(sessions, "Sun of support", "staff")
    assert await ring.caller(key)
    asked = statements(sessions)

    # when 500 strangers come at once, and then the known one
    found = await asyncio.gather(*(ring.caller(f"baton_{number}") for number in range(500)))

    # then the database was asked twice, and not again for the key that it had
    assert found == [None] * 500
    assert len(asked) <= 2
    assert await ring.caller(key)
    assert len(asked) <= 2
    assert len(ring._unknown) == 100


async def test_readiness_is_looked_at_once_a_second_however_many_ask(connect: Connect, sessions: Sessions) -> None:
    asked: list[str] = []
    anybody = connect("")
    app = anybody._transport.app  # type: ignore[attr-defined]
    engine = app.state.services.engine
    event.listen(engine, "before_cursor_execute", lambda c, cursor, statement, *rest: asked.append(statement))

    answers = await asyncio.gather(*(anybody.get("/readyz") for _ in range(40)))

    assert {answer.status_code for answer in answers} == {503}
    assert answers[0].json()["parts"]["database"] == "up"
    one_look = len(asked)
    assert 0 < one_look < 10
    assert app.state.services.readiness._looking is None


async def test_who_holds_most_of_unfinished_bodies_makes_room_for_those_who_send_them_in_one_go() -> None:
    """sec_14: 150 connections without a key held 285 MB for as long as they liked."""
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

    # given one address that holds bodies open, and another with one of its own
    holding = [asyncio.create_task(hold("honest", 300)), *(asyncio.create_task(hold("greedy", 300)) for _ in range(5))]
    await asyncio.sleep(0.05)

    # then no more is held than there may be, at the cost of whoever holds most
    assert dropped == ["greedy"] * 3
    assert bodies._held == 900
    for task in holding:
        task.cancel()
    await asyncio.gather(*holding, return_exceptions=True)
    assert (bodies._held, dict(bodies._by_holder), bodies._open) == (0, {}, {})


def test_a_key_and_a_channel_have_so_many_streams_and_no_more() -> None:
    """sec_13: each of 400 streams read the whole log in the threads of everybody's reads."""
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


def test_slow_receivers_of_one_channel_leave_threads_to_those_of_another() -> None:
    """sec_12: 24 slow receivers of one channel held every thread that sends."""
    shares = Shares(most=2)
    with shares.one_of("web"), shares.one_of("web"):
        with pytest.raises(ApplicationError) as busy, shares.one_of("web"):
            pass
        assert busy.value.next_retry_delay
        with shares.one_of("shop"), shares.one_of(None):
            pass
    with shares.one_of("web"):
        pass
