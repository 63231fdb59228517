"""Limits the size of a request's head, the time its sender may take to send it, and how long an answer may stall."""

from asyncio import BaseTransport, TimerHandle
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 64_000
"""Bytes of a request line with its headers, of trailers after a body, or between two chunks of it."""
HEAD_SECONDS = 30.0
STALLED_SECONDS = 60.0
"""How long a client may read nothing of an answer that it was sent."""
TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class HeadLimitProtocol(HttpToolsProtocol):
    """One connection. It is closed when the head grows beyond MAX_HEAD_BYTES, or does not come within HEAD_SECONDS, or
    when nobody reads its answer for STALLED_SECONDS.

    The parser holds a header until all of it is there, and copies it whenever more comes: without this limit it would
    cost unbounded memory and time before any other code sees it.
    """

    def __init__(
        self,
        *given: Any,
        head_seconds: float = HEAD_SECONDS,
        stalled_seconds: float = STALLED_SECONDS,
        **named: Any,
    ) -> None:
        super().__init__(*given, **named)
        self._head_seconds = head_seconds
        self._stalled_seconds = stalled_seconds
        self._stalled: TimerHandle | None = None
        self._held = 0
        self._in_head = True
        self._late: TimerHandle | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._has_head()
        self._flows()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        # Aborted, since closing would wait until what was written is read.
        self._stalled = self.loop.call_later(self._stalled_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        self._flows()
        super().resume_writing()

    def data_received(self, data: bytes) -> None:
        self._held += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._held > MAX_HEAD_BYTES:
            # Nothing can be written into an answer that has begun.
            if self.cycle is None or self.cycle.response_complete:
                self.transport.write(TOO_LARGE)
            self.transport.close()
        elif self._in_head and self._late is None:
            self._await_head()

    def on_message_begin(self) -> None:
        self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._held = 0
        self._has_head()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._held = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._held = 0
        super().on_message_complete()

    def _await_head(self) -> None:
        self._late = self.loop.call_later(self._head_seconds, self._give_up)

    def _has_head(self) -> None:
        self._in_head = False
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _flows(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _give_up(self) -> None:
        if self.flow.read_paused:
            # A pipelined request waits for the answer to the one before, not for its sender.
            self._await_head()
        else:
            self.transport.close()
