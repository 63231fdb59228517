"""Subscribers over HTTP: strangers, who may be slow, lie, lead elsewhere or point at ourselves."""

import asyncio
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import httpcore2

from domain.network import is_public
from integrations.trust import trust

CANNOT_CALL = (
    httpcore2.NetworkError,
    httpcore2.TimeoutException,
    httpcore2.ProtocolError,
    httpcore2.UnsupportedProtocol,
    OSError,
    TimeoutError,
    UnicodeError,
)


class NotPublic(httpcore2.ConnectError):
    """The name leads to an address that strangers may not have us call."""


async def addresses_of(host: str, port: int, private: bool) -> list[str]:
    """What the name stands for now. Raises NotPublic if any of it is not of the public internet, unless `private`
    addresses are allowed, and OSError for a name that nobody knows.

    The system resolves it, so that 2130706433 or 0x7f.1 is read as it will be when it is called.
    """
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(address[0]) for *_, address in found]
    if not private and not all(is_public(address) for address in addresses):
        raise NotPublic("the address is not one of the public internet")
    return addresses


class CheckedNetwork(httpcore2.AsyncNetworkBackend):
    """Connects to the very address that was checked, so that no name can mean another one a moment later."""

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
    """What came of a call. `status` is None where no answer came, and `problem` then says why."""

    status: int | None
    body: str = ""
    retry_after: str = ""
    problem: str = ""


class ReceiverHttp:
    """Calls to one receiver, so many at a time; to be used as an async context manager.

    No proxy, no redirect: a call goes where the URL says. It is over after `timeout` seconds however slowly the answer
    trickles in, and of the answer no more is read than `cut` bytes. Each has a connection of its own, so that the
    address is checked each time, and what a receiver says beyond its answer is not taken for the answer to the next.
    """

    def __init__(self, private: bool, timeout: float, cut: int, connections: int) -> None:
        self._timeout, self._cut = timeout, cut
        self._pool = httpcore2.AsyncConnectionPool(
            network_backend=CheckedNetwork(private),
            ssl_context=trust(),
            max_connections=connections,
            max_keepalive_connections=0,
        )

    async def __aenter__(self) -> "ReceiverHttp":
        await self._pool.__aenter__()
        return self

    async def __aexit__(self, *error: Any) -> None:
        await self._pool.__aexit__(*error)

    async def post(self, url: str, headers: Sequence[tuple[str, str]], body: bytes) -> Reply:
        """One call; it raises nothing that a receiver could bring about."""
        try:
            async with asyncio.timeout(self._timeout):
                return await self._post(url, headers, body)
        except CANNOT_CALL as error:
            return Reply(None, problem=type(error).__name__)

    async def _post(self, url: str, headers: Sequence[tuple[str, str]], body: bytes) -> Reply:
        told, size = list[bytes](), 0
        async with self._pool.stream("POST", url, headers=list(headers), content=body) as response:
            async for part in response.aiter_stream():
                told.append(part)
                size += len(part)
                if size >= self._cut:
                    break
            wait = next((value for name, value in response.headers if name.lower() == b"retry-after"), b"")
            text = b"".join(told)[: self._cut].decode(errors="replace").replace("\x00", "")
            return Reply(response.status, text, wait.decode("latin-1"))
