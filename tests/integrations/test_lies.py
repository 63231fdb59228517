"""Every call of every client, and everything that a partner may say wrongly: named trouble, and in bounded time."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from domain.errors import CallLimited, PartnerTrouble
from integrations.http import LARGEST_ANSWER
from tests.integrations.calls import CALLS, TIMEOUT_SECONDS
from tests.integrations.liar import Liar, each_leaf, http, lying, saying, trickling, zipped

EVERYWHERE = pytest.mark.parametrize("name", CALLS)


def spoiled(honest: bytes, body: Any) -> dict[str, Any]:
    """What a partner may say instead of the body of an answer, with the right status."""
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


# A list that has nothing to read in it is one, and Shopify says 400 for a number that is none of its own.
HARMLESS = {("another shape", "shopify page"), (400, "shopify order")}
LIES = [(lie, name) for lie in spoiled(b"", {}) for name in CALLS if (lie, name) not in HARMLESS]
STATUSES = [(status, name) for status in (204, 302, 400, 500, 503) for name in CALLS if (status, name) not in HARMLESS]


@pytest.fixture(scope="module")
def liar() -> Iterator[Liar]:
    with lying() as liar:
        yield liar


@EVERYWHERE
def test_the_honest_answer_is_understood(liar: Liar, name: str) -> None:
    call = CALLS[name]
    liar.says(call.status, call.body)

    call.ask(liar.url)


@pytest.mark.parametrize(("lie", "name"), LIES)
def test_what_is_no_answer_is_trouble(liar: Liar, lie: str, name: str) -> None:
    # given
    call = CALLS[name]
    told = spoiled(json.dumps(call.body).encode(), call.body)[lie]
    body, headers = told if isinstance(told, tuple) else (told, {})
    liar.says(call.status, body, **headers)

    # when / then
    with pytest.raises(PartnerTrouble):
        call.ask(liar.url)


@pytest.mark.parametrize(("status", "name"), STATUSES)
def test_another_status_is_trouble(liar: Liar, status: int, name: str) -> None:
    # given
    call = CALLS[name]
    liar.says(status, b"" if status == 204 else call.body, Location="/elsewhere")

    # when / then
    with pytest.raises(PartnerTrouble):
        call.ask(liar.url)


@EVERYWHERE
def test_who_asks_for_a_pause_is_left_alone_for_so_long(liar: Liar, name: str) -> None:
    # given
    liar.says(429, {}, Retry_After="17")

    # when
    with pytest.raises(CallLimited) as limit:
        CALLS[name].ask(liar.url)

    # then
    assert limit.value.retry_after == 17


@pytest.mark.parametrize("name", ["payment", "points", "sf book", "jd book", "shopify order", "shopify push"])
def test_the_answer_to_another_question_is_trouble(liar: Liar, name: str) -> None:
    # given
    call = CALLS[name]
    another = json.dumps(call.body).replace("PAY-1", "PAY-2").replace("C-1", "C-2").replace("S-1", "S-2")
    liar.says(call.status, another.replace("77", "78").encode())

    # when / then
    with pytest.raises(PartnerTrouble):
        call.ask(liar.url)


@EVERYWHERE
def test_a_connection_that_ends_too_early_is_trouble(liar: Liar, name: str) -> None:
    # given
    call = CALLS[name]
    liar.say = saying(http(call.status, json.dumps(call.body).encode())[:-1])

    # when / then
    with pytest.raises(PartnerTrouble):
        call.ask(liar.url)


@pytest.mark.parametrize("name", ["wms pick", "tms book", "refund", "dhl book", "jd book"])
@pytest.mark.parametrize("mark", ["\x00", "\n", "\ud800", "x" * 300])
def test_a_text_that_no_record_keeps_is_trouble(liar: Liar, name: str, mark: str) -> None:
    # given
    call = CALLS[name]
    liar.says(call.status, each_leaf(call.body, lambda leaf: leaf + mark if isinstance(leaf, str) else leaf))

    # when / then
    with pytest.raises(PartnerTrouble):
        call.ask(liar.url)


@pytest.mark.parametrize("name", ["wms pick", "shopify page"])
@pytest.mark.parametrize("at_once", [0, 40, 120])
def test_an_answer_that_trickles_in_ends_with_the_time_of_the_call(liar: Liar, name: str, at_once: int) -> None:
    # given an answer of which a byte comes now and then: of its first line, its headers or its body
    answer = http(200, b" " * 500)
    liar.say = trickling(answer[:at_once], answer[at_once:])
    began = time.monotonic()

    # when
    with pytest.raises(PartnerTrouble, match="ReadTimeout"):
        CALLS[name].ask(liar.url)

    # then
    assert time.monotonic() - began < TIMEOUT_SECONDS + 0.4


@pytest.mark.parametrize("packed", [False, True])
def test_an_answer_that_is_far_too_large_is_not_read(liar: Liar, packed: bool) -> None:
    # given
    body = json.dumps({"wms_reference": "W-1", "more": "x" * 10 * LARGEST_ANSWER}).encode()
    liar.says(202, zipped(body) if packed else body, **({"Content_Encoding": "gzip"} if packed else {}))

    # when / then
    with pytest.raises(PartnerTrouble, match="TooLarge"):
        CALLS["wms pick"].ask(liar.url)
