"""Calls to one address that cost half of what they do through httpx2's client, over the connections of that client."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import httpcore2
import httpx2

from integrations.bounded import bounded, deadline, joined

Headers = Sequence[tuple[bytes, bytes]]

CALL_ERRORS = (
    httpx2.HTTPError,
    httpcore2.NetworkError,
    httpcore2.TimeoutException,
    httpcore2.ProtocolError,
    httpcore2.ProxyError,
    httpcore2.UnsupportedProtocol,
)
"""What `Endpoint.call` raises; both libraries use the same names."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer, its content unpacked."""

    status: int
    headers: Headers
    content: bytes

    def header(self, name: bytes) -> str | None:
        """Return the first header of this name, in lower case; None if there is none."""
        return next((value.decode("latin-1") for header, value in self.headers if header.lower() == name), None)


class Endpoint:
    """Calls below one URL over the connections of an httpx2 client, and with its proxies.

    The client itself would merge URL and headers anew and wrap each answer three times, which costs more than the call.
    """

    def __init__(self, client: httpx2.Client, url: str, seconds: float, max_bytes: int) -> None:
        self._seconds, self._max_bytes = seconds, max_bytes
        # Only this one: _Network enforces the others.
        self._limits = {"timeout": {"pool": seconds}}
        first = client.build_request("GET", url)
        if first.url.userinfo:
            next(httpx2.BasicAuth(first.url.username, first.url.password).auth_flow(first))
        self._origin = first.url.raw_scheme, first.url.raw_host, first.url.port
        self._root = first.url.raw_path.rstrip(b"/")
        self._headers = first.headers.raw
        self._pool = bounded(client)._transport_for_url(first.url)._pool  # type: ignore[attr-defined]

    def call(self, method: str, path: str, headers: Headers, content: bytes = b"") -> Reply:
        """Send a request and read the whole answer. `path` begins with a slash and is percent-encoded.

        Raises one of CALL_ERRORS, also when the call takes too long or the answer is too large.
        """
        scheme, host, port = self._origin
        url = httpcore2.URL(scheme=scheme, host=host, port=port, target=self._root + path.encode())
        sent = [*self._headers, *headers]
        if content:
            sent.append((b"Content-Length", str(len(content)).encode()))
        with deadline(self._seconds):
            request = httpcore2.Request(method, url, headers=sent, content=content, extensions=self._limits)
            answer = self._pool.handle_request(request)
            try:
                return Reply(answer.status, answer.headers, joined(_unpacked(answer), self._max_bytes))
            finally:
                answer.close()


def _unpacked(answer: httpcore2.Response) -> Iterable[bytes]:
    if any(name.lower() == b"content-encoding" for name, _ in answer.headers):
        return httpx2.Response(answer.status, headers=answer.headers, content=answer.iter_stream()).iter_bytes()
    return answer.iter_stream()
