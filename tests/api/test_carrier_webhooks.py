"""Pushes of Kuaidi100 and SF are checked by their signature, stored before the answer, and name nobody."""

import copy
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from hashlib import md5
from typing import Any
from urllib.parse import quote_plus, urlencode

import httpx2
import pytest
from pydantic import SecretStr
from sqlalchemy import select

from api.shipping.carrier_examples import KUAIDI100_ANSWER, KUAIDI100_PUSH, SF_ANSWER, SF_PUSH
from models.database import Sessions
from models.messaging import PartnerEventRow
from settings import Settings
from tests.api.conftest import Api, Body, assert_problem, fields, running
from tests.api.test_shipments import ship

SALT, CHECKWORD = "the salt of our subscription", "our check word for SF"
WAYBILL = "SF000000000012345"


@pytest.fixture
async def carriers(settings: Settings) -> AsyncIterator[Api]:
    """The API with a secret for each carrier; callers have no key."""
    secrets = {"kuaidi100_salt": SecretStr(SALT), "sf_checkword": SecretStr(CHECKWORD)}
    async with running(settings.model_copy(update=secrets)) as client:
        yield client("")


async def kuaidi100(api: Api, push: Body, salt: str = SALT) -> httpx2.Response:
    param = json.dumps(push, ensure_ascii=False)
    sign = md5((param + salt).encode(), usedforsecurity=False).hexdigest().upper()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    body = urlencode({"sign": sign, "param": param})
    return await api.post("/webhooks/kuaidi100", content=body.encode(), headers=headers)


async def sf(api: Api, push: Body, checkword: str = CHECKWORD) -> httpx2.Response:
    body, timestamp = json.dumps(push, ensure_ascii=False), "1774000000000"
    text = quote_plus(body + timestamp + checkword, safe="*").replace("~", "%7E")
    digest = b64encode(md5(text.encode(), usedforsecurity=False).digest()).decode()
    params = {"timestamp": timestamp, "msgDigest": digest}
    return await api.post("/webhooks/sf", content=body.encode(), params=params)


def stored(sessions: Sessions) -> list[PartnerEventRow]:
    with sessions() as session:
        return list(session.scalars(select(PartnerEventRow).order_by(PartnerEventRow.data["occurred_at"].astext)))


async def test_each_tracking_step_is_kept_as_an_event_of_ours(carriers: Api, sessions: Sessions) -> None:
    answer = await kuaidi100(carriers, KUAIDI100_PUSH)

    assert (answer.status_code, answer.json()) == (200, KUAIDI100_ANSWER)
    first, last = stored(sessions)
    assert (last.partner, last.type, last.subject) == ("kuaidi100", "waybill.tracked", WAYBILL)
    assert (first.data["status"], last.data["status"]) == ("in_transit", "out_for_delivery")
    # The push gave China's time.
    assert last.data["occurred_at"] == "2026-11-22T08:10:00+08:00"
    assert (last.data["carrier"], last.data["formerly"]) == ("SF Express", "YTO Express")


async def test_a_repeated_push_adds_only_new_steps(carriers: Api, sessions: Sessions) -> None:
    await kuaidi100(carriers, KUAIDI100_PUSH)
    longer: Body = copy.deepcopy(KUAIDI100_PUSH)
    longer["lastResult"]["data"][0]["statusCode"] = "5"
    longer["lastResult"]["data"].insert(0, {"context": "签收", "time": "2026-11-22 18:10:00"})
    longer["lastResult"]["state"] = "3"

    answers = [await kuaidi100(carriers, push) for push in (longer, KUAIDI100_PUSH, longer)]

    assert [answer.json() for answer in answers] == [KUAIDI100_ANSWER] * 3
    assert [event.data["status"] for event in stored(sessions)] == ["in_transit", "out_for_delivery", "delivered"]


async def test_a_route_of_sf_is_kept_once(carriers: Api, sessions: Sessions) -> None:
    answers = [await sf(carriers, SF_PUSH) for _ in range(2)]

    assert [answer.json() for answer in answers] == [SF_ANSWER] * 2
    [event] = stored(sessions)
    assert (event.partner, event.event_id) == ("sf", f"{WAYBILL}:158918741444476")
    assert (event.data["status"], event.data["occurred_at"]) == ("delivered", "2026-11-22T16:56:54+08:00")


async def test_text_of_couriers_is_not_kept(carriers: Api, sessions: Sessions) -> None:
    push, route = copy.deepcopy(KUAIDI100_PUSH), copy.deepcopy(SF_PUSH)
    push["lastResult"]["data"][0]["context"] = "已签收，签收人：林夏 13800138000"
    route["Body"]["WaybillRoute"][0]["remark"] = "林夏 13800138000"

    await kuaidi100(carriers, push)
    await sf(carriers, route)

    kept = "".join(json.dumps(event.data, ensure_ascii=False) for event in stored(sessions))
    assert "林夏" not in kept
    assert "13800138000" not in kept


async def test_an_operation_without_a_tracking_status_is_answered_and_not_kept(
    carriers: Api, sessions: Sessions
) -> None:
    push = copy.deepcopy(SF_PUSH)
    push["Body"]["WaybillRoute"][0]["opCode"] = "3036"
    assert (await sf(carriers, push)).json() == SF_ANSWER
    assert stored(sessions) == []


async def test_a_push_not_signed_with_our_secret_is_refused(carriers: Api, sessions: Sessions) -> None:
    assert_problem(await kuaidi100(carriers, KUAIDI100_PUSH, "another salt"), 401, "unauthenticated")
    assert_problem(await sf(carriers, SF_PUSH, "another word"), 401, "unauthenticated")
    assert stored(sessions) == []


async def test_without_a_configured_secret_pushes_are_refused(nobody: Api) -> None:
    assert_problem(await kuaidi100(nobody, KUAIDI100_PUSH), 404, "not-found")
    assert_problem(await sf(nobody, SF_PUSH), 404, "not-found")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"nu": ""}, "lastResult.nu"),
        ({"data": [{"time": "yesterday"}]}, "lastResult.data[0].time"),
        ({"com": None}, "lastResult.com"),
    ],
)
async def test_an_invalid_field_is_named(carriers: Api, change: dict[str, Any], field: str) -> None:
    push = copy.deepcopy(KUAIDI100_PUSH)
    push["lastResult"] |= change
    assert fields(assert_problem(await kuaidi100(carriers, push), 422, "invalid")) == [field]


async def test_a_form_without_param_is_refused_by_name(carriers: Api) -> None:
    answer = await carriers.post("/webhooks/kuaidi100", content=b"sign=1")
    assert fields(assert_problem(answer, 422, "invalid")) == ["param"]


async def test_an_unknown_waybill_is_listed_until_it_is_known(
    carriers: Api, staff: Api, shop: Api, place: Callable[..., Awaitable[str]], sessions: Sessions
) -> None:
    await sf(carriers, SF_PUSH)

    [unknown] = (await staff.get("/reports/unknown-waybills")).json()["items"]
    ship(sessions, await place(), "SF Express", WAYBILL)

    assert (unknown["source"], unknown["waybill"], unknown["status"]) == ("sf", WAYBILL, "delivered")
    assert (await staff.get("/reports/unknown-waybills")).json()["items"] == []
    assert_problem(await shop.get("/reports/unknown-waybills"), 403, "forbidden")
    assert_problem(await staff.get("/reports/unknown-waybills", params={"cursor": "x"}), 422, "invalid")


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        pytest.param(b"&".join([b"a="] * 60_000), 422, "invalid", id="a_form_of_very_many_fields"),
        pytest.param(b"param=" + b"%41" * 100_000, 413, "too-large", id="a_long_form"),
    ],
)
async def test_an_unsigned_form_with_many_fields_is_refused_at_once(
    carriers: Api, body: bytes, status: int, kind: str
) -> None:
    """Two megabytes of `a=&` once blocked all requests for seconds, before any signature was checked."""
    assert_problem(await carriers.post("/webhooks/kuaidi100", content=body), status, kind)


async def test_a_large_push_of_sf_is_refused_before_it_is_parsed(carriers: Api) -> None:
    assert_problem(await carriers.post("/webhooks/sf", content=b"x" * 300_000), 413, "too-large")
