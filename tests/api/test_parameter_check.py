"""What every route refuses: unknown parameters, control characters, and bodies that would cost too much to check."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from pydantic import BaseModel

from api.app import create_app
from api.errors import Problem
from api.examples import ORDER
from api.orders.schemas import OrderBody
from api.orders.splitting import split
from api.parameter_check import ParameterCheck
from api.partners.carrier_pushes import Kuaidi100Push, SfPush
from api.partners.webhook_types import WEBHOOKS
from api.routes import BODIES
from api.shapes import MAX_PROBLEMS_LISTED, check_shape, is_large
from commands.keys import create_key
from models.database import Sessions
from settings import Settings
from tests.api.conftest import Api, assert_problem, fields, order_body, running

READ_FROM_OUTSIDE = (
    *BODIES,
    *(one.body for types in WEBHOOKS.values() for one in types.values()),
    Kuaidi100Push,
    SfPush,
)


@pytest.mark.parametrize(
    ("address", "field"),
    [
        ("/orders?statuz=open", "statuz"),
        ("/reports/returns?by=sku&form=csv", "form"),
        ("/healthz?x", "x"),
        ("/orders?customer=a%00b", "customer"),
        ("/orders?a%0Ab=1", "a?b"),
        ("/orders/a%00b", "order_id"),
        ("/orders?customer=" + "x" * 9_000, "query"),
        ("/orders?" + "&limit=5" * 300, "query"),
        # A time without a zone, and none at all
        ("/disputes?cursor=MjAyNi0wMS0wMVQwMDowMDowMC94", "cursor"),
        ("/settlements?cursor=eWVzdGVyZGF5L3g=", "cursor"),
        ("/reports/returns?until=0003-01-17T17:41:01%2B23:59", "until"),
        ("/reports/returns?until=0001-01-01T00:00:00Z", "until"),
        ("/reports/service?first=9999-12-31&last=9999-12-31", "first"),
        ("/orders?created_after=0001-01-01T00:00:00%2B14:00", "created_after"),
    ],
)
async def test_an_unknown_parameter_is_named(manager: Api, address: str, field: str) -> None:
    assert field in fields(assert_problem(await manager.get(address), 422, "invalid"))


async def test_every_route_that_reads_names_an_unknown_filter(nobody: Api) -> None:
    """Before it asks for a key, so that no answer shows that a filter was passed over."""
    document = (await nobody.get("/openapi.json")).json()
    reading = [path for path, methods in document["paths"].items() if "get" in methods]
    assert len(reading) > 70
    for path in reading:
        answer = await nobody.get(f"{re.sub('{.*?}', 'x', path)}?limit=1&colour=red")
        assert "colour" in fields(assert_problem(answer, 422, "invalid")), path


async def test_a_trial_that_starts_before_the_year_2000_is_refused(manager: Api) -> None:
    trial = {"tries": [{"name": "fast"}], "since": "0003-01-17T17:41:01+23:59"}
    assert fields(assert_problem(await manager.post("/sourcing/trials", json=trial), 422, "invalid")) == ["since"]


async def test_a_header_with_a_control_character_is_refused(manager: Api) -> None:
    answer = await manager.get("/orders", headers={"X-Request-Id": "a\x01b"})
    assert fields(assert_problem(answer, 422, "invalid")) == ["x-request-id"]


def test_the_parameters_of_every_route_are_checked(settings: Settings) -> None:
    described = [route for route in create_app(settings).routes if hasattr(route, "dependant")]
    assert len(described) > 100
    assert [route for route in described if not isinstance(route.app, ParameterCheck)] == []


@pytest.mark.parametrize("model", READ_FROM_OUTSIDE, ids=lambda model: model.__name__)
def test_every_text_from_outside_refuses_a_nul(model: type[BaseModel]) -> None:
    open_texts = [path for path, text in _texts(model.model_json_schema(), "") if not _is_closed(text)]
    assert open_texts == []


@pytest.mark.parametrize("text", ["a\u0000*", "\u0001@lake.example", "lin\u007f@lake.example"])
async def test_an_email_with_a_control_character_is_refused(manager: Api, text: str) -> None:
    body = order_body(ship_to=ORDER["ship_to"] | {"email": text})
    assert fields(assert_problem(await manager.post("/orders", json=body), 422, "invalid")) == ["ship_to.email"]


def _many_fields(count: int) -> bytes:
    return b"{" + b",".join(b'"%x":0' % number for number in range(count)) + b"}"


def _order_with(**changes: Any) -> bytes:
    return json.dumps(order_body(**changes)).encode()


LINE = ORDER["lines"][0]
BOMBS = {
    "unknown fields": _many_fields(190_000),
    "bad lines": _order_with(lines=[{}] * 400_000),
    "bad properties": _order_with(lines=[LINE | {"properties": {str(number): 0 for number in range(100_000)}}]),
    "bad tags": _order_with(tags=[0] * 400_000),
    "deep": b'{"a":' * 300_000,
    "unknown fields in lines": _order_with(lines=[LINE | {f"x{number}": 0 for number in range(90)}] * 1_900),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_an_invalid_body_costs_no_more_than_a_valid_one(bomb: str) -> None:
    # given a body with hundreds of thousands of problems
    raw = BOMBS[bomb]
    assert is_large(raw)

    # when it is read
    began = time.process_time()
    with pytest.raises(Problem) as refusal:
        check_shape(raw, OrderBody)
    took = time.process_time() - began

    # then a few are reported; collecting all of them took from 2 seconds to minutes
    assert 1 <= len(refusal.value.errors) <= MAX_PROBLEMS_LISTED
    assert took < 2


def test_a_large_order_passes() -> None:
    lines = [LINE | {"sku": f"TEACUP-{number}", "properties": {"color": "white"}} for number in range(2_000)]
    raw = _order_with(lines=lines, buyer=None, promised={"ship_by": None})
    check_shape(raw, OrderBody)
    assert len(OrderBody.model_validate_json(raw).lines) == 2_000


def test_a_large_body_is_refused_by_the_names_of_its_fields() -> None:
    lines = [LINE] * 200 + [LINE | {"quantity": "1", "extra": 0}, LINE | {"sku": "a b"}, {"sku": "A"}]
    with pytest.raises(Problem) as refusal:
        check_shape(_order_with(lines=lines), OrderBody)
    assert [error["field"] for error in refusal.value.errors] == [
        *("lines[200].quantity", "lines[200].extra", "lines[201].sku"),
        *("lines[202].quantity", "lines[202].unit_price"),
    ]


@pytest.mark.parametrize(
    "batch",
    [b"[" + b"{}," * 6_600_000 + b"{}]", b"[" + _many_fields(1_700_000) + b"]", b"\n{}" * 3_000_000],
    ids=["many items", "a large item", "many lines"],
)
def test_a_batch_is_not_parsed_beyond_its_limits(batch: bytes) -> None:
    began = time.process_time()
    with pytest.raises(Problem):
        split(batch)
    assert time.process_time() - began < 1


@pytest.mark.parametrize("batch", [b"[1,]", b"[1 2]", b"[1", b"[", b"[1] 2", b"[,1]", b'["\xff"]', b"[" * 100_000])
def test_a_truncated_array_is_refused(batch: bytes) -> None:
    with pytest.raises(Problem):
        split(batch)


def test_items_of_a_batch_stay_unchanged() -> None:
    long = b'{ "a" : "' + b"x" * 50_000 + b'" }'
    assert split(b' [ {"a": 1.50} ,\r\n' + long + b', "\xe5\xb7\x9e" ] ') == [b'{"a": 1.50}', long, b'"\xe5\xb7\x9e"']


async def test_a_batch_with_too_many_problems_is_not_parsed_further(manager: Api) -> None:
    items = [{f"x{number}": 0 for number in range(150)}] * 400
    answers = (await manager.post("/orders:batch", json=items)).json()["items"]
    assert {answer["status"] for answer in answers} == {422}
    assert "not read" not in answers[0]["detail"]
    assert "not read" in answers[-1]["detail"]
    assert len(answers[0]["errors"]) == 10


async def test_the_connection_of_a_body_that_never_ends_is_closed(settings: Settings, sessions: Sessions) -> None:
    # given clients, with a key and without, who never finish what they send
    async def trickle() -> AsyncIterator[bytes]:
        yield b'{"channel":'
        await asyncio.Event().wait()

    impatient = settings.model_copy(update={"body_deadline": timedelta(milliseconds=50)})
    async with running(impatient) as connect:
        staff, nobody = connect(create_key(sessions, "Sun of support", "staff")), connect("")

        # when the time for a body is over
        answers: list[httpx2.Response] = [
            await staff.post("/orders", content=trickle()),
            await staff.post("/orders", content=trickle(), headers={"Idempotency-Key": '"once"'}),
            await nobody.post("/webhooks/wms", content=trickle()),
        ]

    # then they get a 408 and their connections are closed
    for answer in answers:
        assert_problem(answer, 408, "too-slow")
        assert answer.headers["connection"] == "close"


def _texts(schema: Any, path: str) -> list[tuple[str, dict[str, Any]]]:
    if isinstance(schema, list):
        return [found for one in schema for found in _texts(one, path)]
    if not isinstance(schema, dict):
        return []
    mine = [(path, schema)] if schema.get("type") == "string" else []
    inner = ((name, value) for name, value in schema.items() if name not in ("default", "example", "required"))
    return mine + [found for name, value in inner for found in _texts(value, f"{path}/{name}")]


def _is_closed(text: dict[str, Any]) -> bool:
    """True if a text cannot hold a NUL: times, days and enums cannot; any other text needs a pattern."""
    if any(name in text for name in ("enum", "const", "format")):
        return True
    return "pattern" in text and not any(re.search(text["pattern"], nul) for nul in ("\x00", "a\x00b", "a\x00*"))
