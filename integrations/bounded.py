"""Calls that end: one time limit for the whole call and a maximum size of the answer.

The client's own time limit restarts with each read, so a server that sends one byte now and then would hold a thread
for as long as it likes.
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from math import inf
from ssl import SSLContext
from typing import Any

import httpcore2
import httpx2

_DEADLINE: ContextVar[float] = ContextVar("ends", default=inf)
"""The deadline of this thread's call, on the monotonic clock."""
ENCODING_HEADERS = ("content-encoding", "content-length", "transfer-encoding")


class TooLarge(httpx2.HTTPError):
    """The answer exceeds the maximum size."""


def bounded(client: httpx2.Client) -> httpx2.Client:
    """Return the same client, changed so that `deadline` holds for its calls."""
    # The client has no public hook below its connection pools; proxies from the environment have pools of their own.
    for transport in (client._transport, *client._mounts.values()):
        if isinstance(transport, httpx2.HTTPTransport):
            transport._pool._network_backend = _Network()
    return client


def fetch(client: httpx2.Client, request: httpx2.Request, seconds: float, max_bytes: int) -> httpx2.Response:
    """Send the request and read the whole answer.

    Raises httpx2.HTTPError, also when the call takes longer than `seconds` or the answer exceeds `max_bytes`.
    """
    with deadline(seconds):
        response = client.send(request, stream=True)
        try:
            content = joined(response.iter_bytes(), max_bytes)
        finally:
            response.close()
    headers = [(name, value) for name, value in response.headers.multi_items() if name.lower() not in ENCODING_HEADERS]
    return httpx2.Response(response.status_code, headers=headers, content=content, request=request)


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """End what this thread calls inside after so many seconds, with a timeout of its kind."""
    token = _DEADLINE.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _DEADLINE.reset(token)


def joined(parts: Iterable[bytes], max_bytes: int) -> bytes:
    """Read the parts to the end. Raises TooLarge as soon as they exceed `max_bytes`."""
    content = bytearray()
    for part in parts:
        content += part
        if len(content) > max_bytes:
            raise TooLarge(f"more than {max_bytes} bytes")
    return bytes(content)


def _remaining_seconds(timeout: float | None, too_late: type[httpcore2.TimeoutException]) -> float:
    remaining = _DEADLINE.get() - time.monotonic()
    if remaining <= 0:
        raise too_late("the whole call took too long")
    return remaining if timeout is None else min(timeout, remaining)


class _Network(httpcore2.NetworkBackend):
    """The system's network; no operation outlasts the call's deadline."""

    def __init__(self) -> None:
        self._network = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        remaining = _remaining_seconds(timeout, httpcore2.ConnectTimeout)
        return _Stream(self._network.connect_tcp(host, port, remaining, local_address, socket_options))

    def sleep(self, seconds: float) -> None:
        self._network.sleep(_remaining_seconds(seconds, httpcore2.ConnectTimeout))


class _Stream(httpcore2.NetworkStream):
    def __init__(self, stream: httpcore2.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _remaining_seconds(timeout, httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _remaining_seconds(timeout, httpcore2.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        remaining = _remaining_seconds(timeout, httpcore2.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, remaining))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
