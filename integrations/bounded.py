"""Calls that end: one time limit for a whole call, however slowly the answer trickles in, and a largest answer.

A client's own time limit begins anew with each read, so a server that sends a byte now and then is never too slow for
it, and holds a thread for as long as it likes.
"""

import time
from collections.abc import Iterable
from contextvars import ContextVar
from math import inf
from ssl import SSLContext
from typing import Any

import httpcore2
import httpx2

_ENDS: ContextVar[float] = ContextVar("ends", default=inf)
"""When the call of this thread is over, on the monotonic clock."""
OF_THE_BODY = ("content-encoding", "content-length", "transfer-encoding")


class TooLarge(httpx2.HTTPError):
    """The answer is larger than any that is expected."""


def bounded(client: httpx2.Client) -> httpx2.Client:
    """The same client, whose calls by `fetch` end in time."""
    # The one way to the network below the client, also where the environment names a proxy.
    for transport in (client._transport, *client._mounts.values()):
        if isinstance(transport, httpx2.HTTPTransport):
            transport._pool._network_backend = _Network()
    return client


def fetch(client: httpx2.Client, request: httpx2.Request, seconds: float, most_bytes: int) -> httpx2.Response:
    """The whole answer. Raises httpx2.HTTPError, also when it took longer than `seconds` or is larger than that."""
    token = _ENDS.set(time.monotonic() + seconds)
    try:
        response = client.send(request, stream=True)
        try:
            content = _content(response, most_bytes)
        finally:
            response.close()
    finally:
        _ENDS.reset(token)
    headers = [(name, value) for name, value in response.headers.multi_items() if name.lower() not in OF_THE_BODY]
    return httpx2.Response(response.status_code, headers=headers, content=content, request=request)


def _content(response: httpx2.Response, most_bytes: int) -> bytes:
    content = bytearray()
    for part in response.iter_bytes():
        content += part
        if len(content) > most_bytes:
            raise TooLarge(f"more than {most_bytes} bytes")
    return bytes(content)


def _left(timeout: float | None, late: type[httpcore2.TimeoutException]) -> float:
    left = _ENDS.get() - time.monotonic()
    if left <= 0:
        raise late("the whole call took too long")
    return left if timeout is None else min(timeout, left)


class _Network(httpcore2.NetworkBackend):
    """The system's network, on which nothing takes longer than what is left of the call's time."""

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
        left = _left(timeout, httpcore2.ConnectTimeout)
        return _Stream(self._network.connect_tcp(host, port, left, local_address, socket_options))

    def sleep(self, seconds: float) -> None:
        self._network.sleep(_left(seconds, httpcore2.ConnectTimeout))


class _Stream(httpcore2.NetworkStream):
    def __init__(self, stream: httpcore2.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(timeout, httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(timeout, httpcore2.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        left = _left(timeout, httpcore2.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
