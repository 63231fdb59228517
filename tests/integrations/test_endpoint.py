"""Calls past the client of httpx2: what its client did for them still holds."""

from collections.abc import Iterator
from typing import Any

import pytest

from domain.errors import UnknownPayment
from integrations.http import PartnerHttp
from tests.integrations.servers import SECRET, serving


class Listener:
    """Answers every call, and keeps its connection, target and headers."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, str, dict[bytes, bytes]]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await receive()
            target = scope["raw_path"].decode() + "?" + scope["query_string"].decode()
            self.calls.append((scope["client"], target, dict(scope["headers"])))
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
            await send({"type": "http.response.body", "body": b"{}"})


@pytest.fixture(scope="module")
def address(listener: Listener) -> Iterator[str]:
    with serving(listener) as address:
        yield address


@pytest.fixture(scope="module")
def listener() -> Listener:
    return Listener()


def ask(url: str, paths: list[str]) -> None:
    client = PartnerHttp("odd", url, SECRET, timeout_seconds=2.0)
    for path in paths:
        client.get(path, refusal=UnknownPayment)
    client.close()


def test_calls_share_a_connection_that_is_kept_alive(listener: Listener, address: str) -> None:
    # when
    ask(f"{address}/gateway/", ["/payments/a%2Fb", "/statements/refunds?id=1&id=2"])

    # then
    (first, *_), (second, *_) = listener.calls[-2:]
    assert first == second
    assert [target for _, target, _ in listener.calls[-2:]] == [
        "/gateway/payments/a%2Fb?",
        "/gateway/statements/refunds?id=1&id=2",
    ]


def test_a_user_and_password_in_the_address_are_sent(listener: Listener, address: str) -> None:
    # when
    ask(address.replace("://", "://user:wo%20rd@"), ["/payments/1"])

    # then
    assert listener.calls[-1][2][b"authorization"] == b"Basic dXNlcjp3byByZA=="


def test_a_proxy_from_the_environment_carries_the_call(
    listener: Listener, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    monkeypatch.setenv("HTTP_PROXY", address)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)

    # when
    ask("http://gateway.example/pay", ["/payments/1"])

    # then
    assert listener.calls[-1][2][b"host"] == b"gateway.example"
