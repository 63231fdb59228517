"""Server-sent events: clients resume where a connection broke, share one reader, and end with the process."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from secrets import token_hex
from typing import Any

import httpx2
import pytest

from api.app import create_app
from api.subscriptions import log_reader
from api.subscriptions.log_reader import LogReader
from commands.keys import create_key
from models.database import Sessions
from record import journal
from settings import Settings
from tests.api.conftest import NOBODY, assert_problem
from tests.factories import an_order as order_of
from tests.factories import place_order, place_orders
from tests.integrations.servers import serving

CODES = ("FIRST", "SECOND", "THIRD")


@dataclass
class LiveApi:
    """An API on a socket, a key to it, and a log to write into."""

    url: str
    sessions: Sessions

    def happened(self, order_id: str, *codes: str, event: str = "order.held") -> None:
        for code in codes:
            with self.sessions.begin() as session:
                journal.append_fact(session, order_id, event, f"{event}:{code}", {"code": code})

    @asynccontextmanager
    async def watch(
        self, role: str = "viewer", channel: str | None = None, last: str = "", **params: Any
    ) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
        """Yield the events that come, each with its id and type."""
        key = create_key(self.sessions, f"a dashboard {token_hex(4)}", role, channel)
        headers = {"Authorization": f"Bearer {key}"} | ({"Last-Event-ID": last} if last else {})
        async with (
            httpx2.AsyncClient(base_url=self.url, headers=headers, timeout=20) as client,
            client.stream("GET", "/events/stream", params=params) as response,
        ):
            assert response.status_code == 200
            lines = response.aiter_lines()
            assert await anext(lines) == ": connected"
            yield _events(lines)


async def _events(lines: AsyncIterator[str]) -> AsyncIterator[dict[str, Any]]:
    event: dict[str, Any] = {}
    async for line in lines:
        name, _, value = line.partition(": ")
        if line:
            event[name] = json.loads(value) if name == "data" else value
        elif "data" in event:
            yield event
            event = {}


async def take(events: AsyncIterator[dict[str, Any]], number: int) -> list[dict[str, Any]]:
    async with asyncio.timeout(10):
        return [await anext(events) for _ in range(number)]


def codes(events: list[dict[str, Any]]) -> list[str]:
    return [event["data"]["data"]["code"] for event in events]


@pytest.fixture
def live(settings: Settings, sessions: Sessions) -> Iterator[LiveApi]:
    with serving(create_app(settings.model_copy(update={"temporal_address": NOBODY}))) as url:
        yield LiveApi(url, sessions)


async def test_every_stream_gets_the_events(live: LiveApi) -> None:
    # given
    order_id = place_order(live.sessions)
    live.happened(order_id, "BEFORE")
    async with live.watch(last="0") as one, live.watch(last="0") as other:
        assert codes(await take(one, 1)) == codes(await take(other, 1)) == ["BEFORE"]

        # when
        live.happened(order_id, *CODES)
        heard = [await take(one, 3), await take(other, 3)]

    # then
    assert codes(heard[0]) == codes(heard[1]) == list(CODES)
    assert heard[0][0]["event"] == "com.baton.order.held"
    assert heard[0][0]["data"]["subject"] == order_id


async def test_a_client_resumes_after_the_last_event_it_got(live: LiveApi) -> None:
    # given
    order_id = place_order(live.sessions)
    live.happened(order_id, *CODES)
    async with live.watch(last="0") as events:
        [first] = await take(events, 1)

    # when
    live.happened(order_id, "MEANWHILE")
    async with live.watch(last=first["id"]) as events:
        heard = await take(events, 3)

    # then
    assert codes(heard) == ["SECOND", "THIRD", "MEANWHILE"]


async def test_a_stream_far_behind_reads_the_log_until_it_has_caught_up(
    live: LiveApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    monkeypatch.setattr(log_reader, "PAGE", 2)
    order_id = place_order(live.sessions)
    live.happened(order_id, *CODES, "FOURTH", "FIFTH")

    # when
    async with live.watch(last="0") as events:
        heard = await take(events, 5)
        live.happened(order_id, "SIXTH")
        heard += await take(events, 1)

    # then
    assert codes(heard) == [*CODES, "FOURTH", "FIFTH", "SIXTH"]


async def test_a_stream_has_only_its_types_and_its_channel(live: LiveApi) -> None:
    # given
    tmall, shop = place_orders(live.sessions, [order_of(), order_of(channel="shop")])
    for order_id in (tmall, shop):
        live.happened(order_id, "NEVER")
        live.happened(order_id, order_id, event="alert.raised")

    # when
    chosen = {"type": ["com.baton.alert.*"]}
    async with live.watch(last="0", channel="shop", role="channel", **chosen) as own:
        [of_key] = await take(own, 1)
    async with live.watch(last="0", **chosen) as every:
        heard = await take(every, 2)

    # then
    assert codes([of_key]) == [shop]
    assert codes(heard) == [tmall, shop]


async def test_an_invalid_field_is_refused_by_name(live: LiveApi) -> None:
    key = create_key(live.sessions, "tmall-connector", "channel", "tmall")
    async with httpx2.AsyncClient(base_url=live.url, headers={"Authorization": f"Bearer {key}"}) as client:
        assert_problem(await client.get("/events/stream", params={"channel": "shop"}), 403, "forbidden")
        assert_problem(await client.get("/events/stream", params={"type": "shipped"}), 422, "invalid")
        assert_problem(await client.get("/events/stream", headers={"Last-Event-ID": "x"}), 422, "invalid")
    async with httpx2.AsyncClient(base_url=live.url) as nobody:
        assert_problem(await nobody.get("/events/stream"), 401, "unauthenticated")


async def test_all_streams_share_one_reader_which_stops_when_none_is_open(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    looks = list[float]()
    settled = LogReader._settled
    monkeypatch.setattr(LogReader, "_settled", lambda self: looks.append(time.monotonic()) or settled(self))
    reader = LogReader(sessions)
    streams = [reader.follow(0) for _ in range(30)]
    order_id = place_order(sessions)
    with sessions.begin() as session:
        journal.append_fact(session, order_id, "order.held", "one", {"code": "ONE"})

    # when
    heard = await asyncio.gather(*(anext(stream) for stream in streams))
    while_watched = len(looks)
    for stream in streams:
        await stream.aclose()
    await asyncio.sleep(log_reader.EVERY_SECONDS * 1.5)

    # then
    assert [fact.data["code"] for facts in heard for fact in facts] == ["ONE"] * 30
    assert while_watched <= 3
    assert len(looks) <= while_watched + 1


async def test_the_process_ends_promptly_while_a_stream_is_open(settings: Settings, sessions: Sessions) -> None:
    held = serving(create_app(settings.model_copy(update={"temporal_address": NOBODY})))
    url = held.__enter__()
    async with LiveApi(url, sessions).watch(last="0"):
        began = time.monotonic()
        await asyncio.to_thread(held.__exit__, None, None, None)

    assert time.monotonic() - began < 4
