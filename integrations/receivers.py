"""HTTP client for webhook subscribers. They are untrusted: slow, lying, redirecting, or pointing at our own network."""

import asyncio
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import httpcore2

from domain.network import is_public
from integrations.tls import tls_context

CALL_ERRORS = (
    httpcore2.NetworkError,
    httpcore2.TimeoutException,
    httpcore2.ProtocolError,
    httpcore2.UnsupportedProtocol,
    OSError,
    TimeoutError,
    UnicodeError,
)


class NotPublic(httpcore2.ConnectError):
    """The name resolves to an address outside the public internet."""


async def addresses_of(host: str, port: int, private: bool) -> list[str]:
    """Resolve a name. Raises NotPublic if any address is outside the public internet and `private` is false, and
    OSError for an unknown name.

    The system's resolver is used, so that 2130706433 or 0x7f.1 is read here as it will be when called.
    """
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(address[0]) for *_, address in found]
    if not private and not all(is_public(address) for address in addresses):
        raise NotPublic("the address is not one of the public internet")
    return addresses


class CheckedNetwork(httpcore2.AsyncNetworkBackend):
    """Connects to the address that was checked, so that DNS cannot answer with another one in between."""

    def __init__(self, private: bool) -> None:
        self._private = private
        self._network = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  The signature is that of the base.
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        addresses = await addresses_of(host, port, self._private)
        return await self._network.connect_tcp(addresses[0], port, timeout, local_address, socket_options)


@dataclass(frozen=True, slots=True)
class Reply:
    """The result of a call. `status` is None when no answer came; `problem` then says why."""

    status: int | None
    body: str = ""
    retry_after: str = ""
    problem: str = ""


class ReceiverHttp:
    """Calls one receiver, at most `connections` at a time; use as an async context manager.

    No proxy, no redirect: a call goes where the URL says. It ends after `timeout` seconds in all, and at most `cut`
    bytes of the answer are read. Each call opens a connection of its own, so that the address is checked every time
    and surplus bytes of one answer cannot pass for the next.
    """

    def __init__(self, private: bool, timeout: float, cut: int, connections: int) -> None:
        self._timeout, self._cut = timeout, cut
        self._pool = httpcore2.AsyncConnectionPool(
            network_backend=CheckedNetwork(private),
            ssl_context=tls_context(),
            max_connections=connections,
            max_keepalive_connections=0,
        )

    async def __aenter__(self) -> "ReceiverHttp":
        await self._pool.__aenter__()
        return self

    async def __aexit__(self, *error: Any) -> None:
        await self._pool.__aexit__(*error)

    async def post(self, url: str, headers: Sequence[tuple[str, str]], body: bytes) -> Reply:
        """Make one call; a failure of the receiver's becomes a Reply, never an exception."""
        try:
            async with asyncio.timeout(self._timeout):
                return await self._post(url, headers, body)
        except CALL_ERRORS as error:
            return Reply(None, problem=type(error).__name__)

    async def _post(self, url: str, headers: Sequence[tuple[str, str]], body: bytes) -> Reply:
        parts, size = list[bytes](), 0
        async with self._pool.stream("POST", url, headers=list(headers), content=body) as response:
            async for part in response.aiter_stream():
                parts.append(part)
                size += len(part)
                if size >= self._cut:
                    break
            wait = next((value for name, value in response.headers if name.lower() == b"retry-after"), b"")
            text = b"".join(parts)[: self._cut].decode(errors="replace").replace("\x00", "")
            return Reply(response.status, text, wait.decode("latin-1"))
