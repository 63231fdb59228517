"""C14, C15: what a stranger sends before a route is reached costs bounded memory and time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.server import ServerState

from api.wire import MAX_HEAD_BYTES, HeadLimitProtocol

HELLO_APP = PlainTextResponse("hello")
HELLO = b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def listening(app: ASGIApp = HELLO_APP, **limits: float) -> AsyncIterator[Callable[[], Awaitable[Connection]]]:
    """A minimal server, run as by `api/serve.py`; yields a function that connects to it."""
    config = uvicorn.Config(app, lifespan="off", log_level="error")
    config.load()
    state, loop = ServerState(), asyncio.get_running_loop()
    server = await loop.create_server(lambda: HeadLimitProtocol(config, state, {}, **limits), "127.0.0.1", 0)
    async with server:
        yield lambda: asyncio.open_connection(*server.sockets[0].getsockname())


async def read_all(reader: asyncio.StreamReader) -> bytes:
    """Everything that the server sends until it ends the connection, in whichever way."""
    received = b""
    try:
        while part := await asyncio.wait_for(reader.read(65_536), 20):
            received += part
    except ConnectionError:
        pass
    return received


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(b"GET /hello HTTP/1.1\r\nHost: x\r\nX-Long: ", id="one_header"),
        pytest.param(b"GET /", id="the_address"),
        pytest.param(
            b"POST /hello HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-Long: ",
            id="a_header_behind_the_body",
        ),
    ],
)
async def test_an_endless_head_ends_only_its_own_connection(before: bytes) -> None:
    async with listening() as connect:
        # given a stranger who sends an endless head
        reader, writer = await connect()
        writer.write(before)
        sent = 0
        try:
            while not writer.is_closing() and sent < 100 * MAX_HEAD_BYTES:
                writer.write(b"x" * 10_000)
                await writer.drain()
                sent += 10_000
        except ConnectionError:
            pass

        # then it is refused early
        await read_all(reader)
        assert sent < 100 * MAX_HEAD_BYTES
        writer.close()

        # and another client is answered, twice on one connection
        reader, writer = await connect()
        for _ in range(2):
            writer.write(HELLO)
            answer = await asyncio.wait_for(reader.readuntil(b"hello"), 20)
            assert answer.startswith(b"HTTP/1.1 200 ")
        writer.close()


async def test_a_head_that_does_not_arrive_ends_its_connection() -> None:
    """Without a deadline a stranger could hold all connections of a process."""
    async with listening(head_seconds=0.2) as connect:
        silent, begun = await connect(), await connect()
        begun[1].write(b"GET /hello HTTP/1.1\r\nHost:")

        assert await read_all(silent[0]) == b""
        assert await read_all(begun[0]) == b""
        for _, writer in (silent, begun):
            writer.close()


async def test_a_long_body_and_a_second_request_do_not_count_as_head() -> None:
    async with listening() as connect:
        reader, writer = await connect()
        for _ in range(2):
            writer.write(b"POST /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\n" + b"x" * 500_000)
            answer = await asyncio.wait_for(reader.readuntil(b"hello"), 20)
            assert answer.startswith(b"HTTP/1.1 200 ")
        writer.close()


async def test_an_answer_that_nobody_reads_ends_its_connection() -> None:
    """Otherwise a client that stops reading would hold what makes its answer, such as a sheet, for as long as it
    likes."""
    ended = asyncio.Event()

    async def endless(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        # An answer that is closed while it stalls is no other matter.
        for _ in range(100):
            await send({"type": "http.response.body", "body": b"x" * 1_000_000, "more_body": True})
        ended.set()

    async with listening(endless, stalled_seconds=0.2) as connect:
        # given a client that asks and reads nothing; asyncio itself reads but a little ahead
        _, writer = await connect()
        writer.write(HELLO)

        # then the route goes on, as after any client that has left
        await asyncio.wait_for(ended.wait(), 20)
        writer.close()
