"""The pull clients against the simulated platforms, and against servers that answer badly."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from domain.errors import CallLimited, PartnerTrouble, PullRefused
from domain.pulling import Window
from integrations.channels.registry import TRANSLATORS
from integrations.pulls.puller import Puller
from integrations.pulls.registry import PULLERS
from integrations.pulls.settings import read_pull_settings
from tests.integrations.servers import serving

HOUR = Window(datetime.now(UTC) - timedelta(hours=1), datetime.now(UTC))
APP = {"token": "s", "key": "k", "secret": "wrong"}
ACCESS = {name: {"token": "shpat_simulated"} if name == "shopify" else APP for name in PULLERS}

Connect = Callable[..., Puller]
everywhere = pytest.mark.parametrize("platform", PULLERS)


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Connect a platform's client to a server that always gives the same answer."""
    with ExitStack() as stack:

        def connected(platform: str, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> Puller:
            address = stack.enter_context(serving(_always(status, body, headers or {})))
            return stack.enter_context(closing(client(platform, address)))

        yield connected


def client(platform: str, url: str) -> Puller:
    settings = read_pull_settings(platform, ACCESS[platform] | {"url": url, "timeout": 1})
    return PULLERS[platform](settings, TRANSLATORS[platform].shop)


def _always(status: int, body: bytes, headers: Mapping[str, str]) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            fields = [(name.encode(), value.encode()) for name, value in headers.items()]
            await send({"type": "http.response.start", "status": status, "headers": fields})
            await send({"type": "http.response.body", "body": body})

    return app


@everywhere
@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"error_response": 1}'])
def test_an_answer_without_a_list_is_trouble(connect: Connect, platform: str, body: bytes) -> None:
    with pytest.raises(PartnerTrouble):
        connect(platform, 200, body).page(HOUR, "", whole=True)


@everywhere
@pytest.mark.parametrize(("status", "failure"), [(500, PartnerTrouble), (401, PullRefused), (403, PullRefused)])
def test_each_error_status_raises_its_error(
    connect: Connect, platform: str, status: int, failure: type[Exception]
) -> None:
    with pytest.raises(failure):
        connect(platform, status, b"{}").page(HOUR, "", whole=True)


@everywhere
@pytest.mark.parametrize(("header", "seconds"), [("2.0", 2.0), ("", 5.0), ("soon", 5.0), ("999999", 3600.0)])
def test_a_429_raises_call_limited_with_the_time_to_wait(
    connect: Connect, platform: str, header: str, seconds: float
) -> None:
    with pytest.raises(CallLimited) as limit:
        connect(platform, 429, b"{}", {"Retry-After": header} if header else {}).page(HOUR, "", whole=True)

    assert limit.value.retry_after == seconds


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        ('{"code": 7, "sub_msg": "This ban will last for 3 more seconds"}', CallLimited),
        ('{"code": 27, "msg": "Invalid session"}', PullRefused),
        ('{"code": 15, "sub_code": "isp.top-remote-connection-timeout"}', PartnerTrouble),
    ],
)
def test_an_error_inside_a_200_raises_its_error(connect: Connect, error: str, failure: type[Exception]) -> None:
    with pytest.raises(failure):
        connect("taobao", 200, f'{{"error_response": {error}}}'.encode()).order("1")


def test_an_unreadable_entry_of_a_list_is_returned_raw(connect: Connect) -> None:
    listed = connect("shopify", 200, b'{"orders": [7, {"id": 1, "updated_at": "never"}]}').page(HOUR, "", whole=True)

    assert [one.raw for one in listed.orders] == [b"7", b'{"id": 1, "updated_at": "never"}']


@pytest.mark.parametrize(("header", "rest"), [("1/40", 0.0), ("32/40", 2.0), ("40/40", 2.0), ("?", 0.0)])
def test_a_nearly_full_bucket_asks_for_a_wait(connect: Connect, header: str, rest: float) -> None:
    fields = {"X-Shopify-Shop-Api-Call-Limit": header}

    assert connect("shopify", 200, b'{"orders": []}', fields).page(HOUR, "", whole=True).rest == rest


def test_a_wrong_signature_is_refused_by_the_platform(simulators: str) -> None:
    with closing(client("taobao", f"{simulators}/taobao/router/rest")) as there, pytest.raises(PullRefused):
        there.page(HOUR, "", whole=False)


def test_an_unknown_order_is_none(simulators: str) -> None:
    with closing(client("shopify", f"{simulators}/shopify/admin/api/2025-10")) as there:
        assert there.order("404") is None
    assert httpx2.get(f"{simulators}/shopify/orders", trust_env=False).json()["asked"]["404"] == 1
