"""Subscribers are called at the checked public address only, however the URL spells it."""

import asyncio
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

from integrations.receivers import ReceiverHttp, Reply
from record.subscriptions.targets import check_target
from tests.record.receiver import Reply as Said
from tests.record.receiver import receiving

# Each leads to this machine or to a private network; the last two are names that resolve to this machine.
PRIVATE_HOSTS = [
    *("127.0.0.1", "10.0.0.8", "192.168.0.8", "169.254.169.254", "[::1]", "[::ffff:127.0.0.1]", "[fd00::8]"),
    *("2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0.0.0.0", "[64:ff9b::a00:8]", "localhost"),
    "rebinding.example",
]


async def call(url: str, private: bool, seconds: float = 2.0) -> Reply:
    async with ReceiverHttp(private, seconds, cut=100, connections=2) as http:
        return await http.post(url, [("Content-Type", "text/plain")], b"hello")


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Make `rebinding.example` resolve to these addresses, one after the other."""
    known = socket.getaddrinfo

    def resolve_to(*addresses: str) -> None:
        remaining = list(addresses)

        def getaddrinfo(host: Any, port: Any, *rest: Any, **more: Any) -> Any:
            if host == "rebinding.example":
                host = remaining.pop(0) if len(remaining) > 1 else remaining[0]
            return known(host, port, *rest, **more)

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    resolve_to("127.0.0.1")
    return resolve_to


@pytest.mark.parametrize("host", PRIVATE_HOSTS)
async def test_a_private_address_is_refused_when_saved_and_when_called(host: str, names: Callable[..., None]) -> None:
    with receiving() as (receiver, url):
        port = url.rpartition(":")[2].partition("/")[0]
        with pytest.raises(ValueError, match="public internet"):
            await check_target(f"http://{host}:{port}/hook", private=False)

        reply = await call(f"http://{host}:{port}/hook", private=False)

        assert (reply.status, reply.problem) == (None, "NotPublic")
        assert receiver.came == []


async def test_a_name_that_changes_between_check_and_call_is_refused(
    names: Callable[..., None],
) -> None:
    names("8.8.8.8", "127.0.0.1")
    with receiving() as (receiver, url):
        port = url.rpartition(":")[2].partition("/")[0]
        await check_target(f"http://rebinding.example:{port}/hook", private=False)

        reply = await call(f"http://rebinding.example:{port}/hook", private=False)

        assert reply.problem == "NotPublic"
        assert receiver.came == []


async def test_the_call_goes_to_the_checked_address_with_the_urls_host_header(
    names: Callable[..., None],
) -> None:
    with receiving() as (receiver, url):
        host = url.removeprefix("http://").replace("127.0.0.1", "rebinding.example").removesuffix("/hook")

        reply = await call(f"http://{host}/hook", private=True)

        assert reply.status == 200
        assert receiver.came[0][0]["host"] == host


async def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(ValueError, match="leads nowhere"):
        await check_target("https://nobody.invalid/", private=False)


async def test_a_redirect_is_not_followed() -> None:
    with receiving() as (inner, inside), receiving() as (outer, outside):
        outer.replies = [Said(307, {"Location": inside})]

        reply = await call(outside, private=True)

        assert reply.status == 307
        assert inner.came == []


async def test_a_long_answer_is_cut() -> None:
    with receiving() as (receiver, url):
        receiver.replies = [Said(body="x" * 5_000_000)]

        reply = await call(url, private=True)

        assert (reply.status, reply.body) == (200, "x" * 100)


async def test_an_answer_that_trickles_in_ends_at_the_time_limit() -> None:
    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for sign in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 1_000:
            writer.write(bytes([sign]))
            await asyncio.sleep(0.02)

    async with await asyncio.start_server(trickle, "127.0.0.1") as server:
        port, began = server.sockets[0].getsockname()[1], time.monotonic()

        reply = await call(f"http://127.0.0.1:{port}/", private=True, seconds=0.4)

        assert reply.problem == "TimeoutError"
        assert time.monotonic() - began < 2


async def test_a_surplus_answer_does_not_count_for_the_next_call() -> None:
    async def answer_twice(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(1_000):
            for status in (b"503 Busy", b"200 OK"):
                writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 2\r\n\r\n--")

    async with await asyncio.start_server(answer_twice, "127.0.0.1") as server:
        port = server.sockets[0].getsockname()[1]
        async with ReceiverHttp(private=True, timeout=2, cut=100, connections=1) as http:
            replies = [await http.post(f"http://127.0.0.1:{port}/", [], b"hello") for _ in range(4)]

    assert [reply.status for reply in replies] == [503] * 4


async def test_a_receiver_that_is_down_gives_a_reply_not_an_exception() -> None:
    assert (await call("http://127.0.0.1:9/", private=True)).problem == "ConnectError"


def test_nothing_is_sent_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    with receiving() as (receiver, url):
        assert asyncio.run(call(url, private=True)).status == 200
        assert len(receiver.came) == 1
