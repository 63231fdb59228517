"""Every call of every client against every kind of wrong answer: named trouble, within the time limit."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from domain.errors import CallLimited, PartnerTrouble
from integrations.http import MAX_ANSWER_BYTES
from tests.integrations.calls import CALLS, TIMEOUT_SECONDS
from tests.integrations.raw_server import RawServer, each_leaf, http, raw_server, sending, trickling, zipped

EVERYWHERE = pytest.mark.parametrize("name", CALLS)


def spoiled(honest: bytes, body: Any) -> dict[str, Any]:
    """Wrong bodies that a partner may send with the right status, by name."""
    return {
        "an error": {"success": False, "error": {"code": "internal", "message": "it did not work"}},
        "nothing": b"",
        "nothing in an object": {},
        "a page of HTML": b"<html><body>Bad gateway</body></html>",
        "half of it": honest[: len(honest) // 2],
        "a list": [body],
        "null": b"null",
        "another shape": each_leaf(body, lambda leaf: [leaf]),
        "a nest": b"[" * 100_000,
        "a number of many digits": b'{"points":' + b"9" * 5_000 + b"}",
        "bytes that are no text": b'{"a": "\xff\xfe"}',
        "a packet that is none": (honest, {"Content_Encoding": "gzip"}),
    }


# An empty list of another shape is still an empty list, and Shopify answers 400 for an id that is not its own.
ACCEPTED = {("another shape", "shopify page"), (400, "shopify order")}
WRONG_BODIES = [(wrong, name) for wrong in spoiled(b"", {}) for name in CALLS if (wrong, name) not in ACCEPTED]
STATUSES = [(status, name) for status in (204, 302, 400, 500, 503) for name in CALLS if (status, name) not in ACCEPTED]


@pytest.fixture(scope="module")
def server() -> Iterator[RawServer]:
    with raw_server() as server:
        yield server


@EVERYWHERE
def test_a_good_answer_is_understood(server: RawServer, name: str) -> None:
    call = CALLS[name]
    server.answers(call.status, call.body)

    call.ask(server.url)


@pytest.mark.parametrize(("wrong", "name"), WRONG_BODIES)
def test_a_wrong_body_is_trouble(server: RawServer, wrong: str, name: str) -> None:
    # given
    call = CALLS[name]
    wrong_answer = spoiled(json.dumps(call.body).encode(), call.body)[wrong]
    body, headers = wrong_answer if isinstance(wrong_answer, tuple) else (wrong_answer, {})
    server.answers(call.status, body, **headers)

    # when / then
    with pytest.raises(PartnerTrouble):
        call.ask(server.url)


@pytest.mark.parametrize(("status", "name"), STATUSES)
def test_an_unexpected_status_is_trouble(server: RawServer, status: int, name: str) -> None:
    # given
    call = CALLS[name]
    server.answers(status, b"" if status == 204 else call.body, Location="/elsewhere")

    # when / then
    with pytest.raises(PartnerTrouble):
        call.ask(server.url)


@EVERYWHERE
def test_a_429_raises_call_limited_with_its_retry_after(server: RawServer, name: str) -> None:
    # given
    server.answers(429, {}, Retry_After="17")

    # when
    with pytest.raises(CallLimited) as limit:
        CALLS[name].ask(server.url)

    # then
    assert limit.value.retry_after == 17


@pytest.mark.parametrize("name", ["payment", "points", "sf book", "jd book", "shopify order", "shopify push"])
def test_an_answer_about_another_subject_is_trouble(server: RawServer, name: str) -> None:
    # given
    call = CALLS[name]
    another = json.dumps(call.body).replace("PAY-1", "PAY-2").replace("C-1", "C-2").replace("S-1", "S-2")
    server.answers(call.status, another.replace("77", "78").encode())

    # when / then
    with pytest.raises(PartnerTrouble):
        call.ask(server.url)


@EVERYWHERE
def test_a_truncated_answer_is_trouble(server: RawServer, name: str) -> None:
    # given
    call = CALLS[name]
    server.send = sending(http(call.status, json.dumps(call.body).encode())[:-1])

    # when / then
    with pytest.raises(PartnerTrouble):
        call.ask(server.url)


@pytest.mark.parametrize("name", ["wms pick", "tms book", "refund", "dhl book", "jd book"])
@pytest.mark.parametrize("mark", ["\x00", "\n", "\ud800", "x" * 300])
def test_an_unprintable_or_too_long_text_is_trouble(server: RawServer, name: str, mark: str) -> None:
    # given
    call = CALLS[name]
    server.answers(call.status, each_leaf(call.body, lambda leaf: leaf + mark if isinstance(leaf, str) else leaf))

    # when / then
    with pytest.raises(PartnerTrouble):
        call.ask(server.url)


@pytest.mark.parametrize("name", ["wms pick", "shopify page"])
@pytest.mark.parametrize("at_once", [0, 40, 120])
def test_an_answer_that_trickles_in_ends_at_the_calls_time_limit(server: RawServer, name: str, at_once: int) -> None:
    # given an answer that trickles in byte by byte from its first line, its headers or its body on
    answer = http(200, b" " * 500)
    server.send = trickling(answer[:at_once], answer[at_once:])
    began = time.monotonic()

    # when
    with pytest.raises(PartnerTrouble, match="ReadTimeout"):
        CALLS[name].ask(server.url)

    # then
    assert time.monotonic() - began < TIMEOUT_SECONDS + 0.4


@pytest.mark.parametrize("packed", [False, True])
def test_a_far_too_large_answer_is_not_read(server: RawServer, packed: bool) -> None:
    # given
    body = json.dumps({"wms_reference": "W-1", "more": "x" * 10 * MAX_ANSWER_BYTES}).encode()
    server.answers(202, zipped(body) if packed else body, **({"Content_Encoding": "gzip"} if packed else {}))

    # when / then
    with pytest.raises(PartnerTrouble, match="TooLarge"):
        CALLS["wms pick"].ask(server.url)
