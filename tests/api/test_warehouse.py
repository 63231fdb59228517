"""Who may work at a location, and who may not: waves, pick lists and pickups."""

import asyncio
import re
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import select, update

from api.services import WRONG_CODES_AT_ONCE
from api.shipping.warehouse_examples import PICKUP, WAVE
from commands.keys import create_key, revoke_keys
from domain.pickup import MAX_CODE_ATTEMPTS, code_hash
from models.access import ApiKeyRow
from models.database import Sessions
from models.fulfillment import FulfillmentOrderRow
from models.messaging import PartnerEventRow
from models.returns import ReturnRow
from models.stock import LocationRow
from record.shipping import pickups
from tests.api.conftest import Api, Connect, assert_problem, fields

STORE, OTHER, WORK = "WEST-LAKE-STORE", "NANJING-STORE", "FO-1"
CODE = "K7MPQ2RS"
# Who the platform and the machines behind it are is asked without a key.
OPEN = ("/healthz", "/readyz", "/metrics")


@pytest.fixture
def store(connect: Connect, sessions: Sessions) -> Api:
    with sessions.begin() as session:
        for name in (STORE, OTHER):
            session.add(LocationRow(location_id=name, kind="store", name=name, country="CN", province="浙江省"))
    return connect(create_key(sessions, "the till at the West Lake", "store", location=STORE))


@pytest.fixture
def other_store(store: Api, connect: Connect, sessions: Sessions) -> Api:
    return connect(create_key(sessions, "the till in Nanjing", "store", location=OTHER))


@pytest.fixture
async def waiting(store: Api, sessions: Sessions, place: Callable[..., Awaitable[str]]) -> str:
    """A packed order that waits at the store for pickup by code."""
    order_id = await place()
    with sessions.begin() as session:
        work = FulfillmentOrderRow(fulfillment_order_id=WORK, order_id=order_id, number=1, reason="near")
        work.location_id, work.status, work.pickup = STORE, "packed", True
        work.pickup_code_hash = code_hash(WORK, CODE)
        session.add(work)
    return order_id


async def test_a_store_works_at_its_location_and_has_no_other_rights(store: Api) -> None:
    assert (await store.get(f"/locations/{STORE}/pick-list")).json()["fulfillment_orders"] == []
    assert (await store.post(f"/locations/{STORE}/waves", json=WAVE)).json() == {"released": 0}
    assert (await store.get(f"/locations/{STORE}/waves")).json()["next_at"] is None
    assert_problem(await store.post(f"/fulfillment-orders/{WORK}/pickup-code", json={}), 403, "forbidden")
    assert_problem(await store.put(f"/locations/{STORE}", json={}), 403, "forbidden")


async def test_a_channel_does_not_see_the_work_of_a_location(tmall: Api, viewer: Api) -> None:
    for api in (tmall, viewer):
        assert_problem(await api.get(f"/locations/{STORE}/pick-list"), 403, "forbidden")
        assert_problem(await api.post(f"/locations/{STORE}/waves", json=WAVE), 403, "forbidden")
        assert_problem(await api.post(f"/fulfillment-orders/{WORK}/pickup", json=PICKUP), 403, "forbidden")


async def test_c20_a_store_sees_and_does_nothing_at_another_location(
    store: Api, other_store: Api, waiting: str
) -> None:
    for place in (f"/locations/{STORE}/pick-list", f"/locations/{STORE}/waves"):
        assert_problem(await other_store.get(place), 403, "forbidden")
    assert_problem(await other_store.post(f"/locations/{STORE}/waves", json=WAVE), 403, "forbidden")
    assert_problem(await other_store.post(f"/fulfillment-orders/{WORK}/pickup", json={"code": CODE}), 404, "not-found")
    for place in (f"/orders/{waiting}", f"/orders/{waiting}/events"):
        assert_problem(await other_store.get(place), 404, "not-found")
        assert (await store.get(place)).status_code == 200


async def test_c20_every_other_route_refuses_a_store(store: Api, waiting: str) -> None:
    own = {"/locations/{location_id}/pick-list", "/locations/{location_id}/waves"}
    own |= {"/orders/{order_id}", "/orders/{order_id}/events", "/returns", "/returns/{return_id}"}
    values = {"order_id": waiting, "location_id": STORE, "sku": "ELEGANT-LAMP", "channel": "tmall"}
    document = (await store.get("/openapi.json")).json()
    allowed = set()
    for path, item in document["paths"].items():
        names = re.findall(r"{(\w+)}", path)
        place = path.format_map({name: values.get(name, "NONE") for name in names})
        if "get" in item and item["get"].get("security", True) and path != "/events/stream":
            allowed |= {path} if (await store.get(place)).status_code != 403 else set()
    assert allowed & {path for path in document["paths"] if path not in OPEN} == own


async def test_c20_a_store_key_without_a_location_is_refused(sessions: Sessions, store: Api, connect: Connect) -> None:
    for role, location in (("store", None), ("store", "NOWHERE"), ("staff", STORE)):
        with pytest.raises(ValueError, match="location"):
            create_key(sessions, "a till", role, location=location)

    # A key from before keys had locations works nowhere.
    old = create_key(sessions, "an old till", "store", location=STORE)
    with sessions.begin() as session:
        session.execute(update(ApiKeyRow).where(ApiKeyRow.name == "an old till").values(location=None))
    assert_problem(await connect(old).get(f"/locations/{STORE}/pick-list"), 403, "forbidden")


async def test_c20_wrong_codes_call_a_person_and_do_not_lock_the_customer_out(
    store: Api, staff: Api, waiting: str, sessions: Sessions
) -> None:
    # given more wrong codes from two keys than it takes to call a person
    address = f"/fulfillment-orders/{WORK}/pickup"
    wrong = [await store.post(address, json={"code": "WRONG-ONE"}) for _ in range(MAX_CODE_ATTEMPTS + 2)]
    wrong += [await staff.post(address, json={"code": "WRONG-ONE"}) for _ in range(2)]

    # when
    right = await store.post(address, json={"code": f"{CODE[:4].lower()}-{CODE[4:]}"})

    # then
    assert {answer.status_code for answer in wrong} == {422}
    assert right.json()["answer"] == "handed_over"
    with sessions() as session:
        kinds = session.scalars(select(PartnerEventRow.type).order_by(PartnerEventRow.sequence)).all()
    assert kinds == [pickups.LOCKED, pickups.FETCHED]


async def test_c20_a_key_that_tries_codes_is_slowed_down_and_others_are_not(
    store: Api, staff: Api, waiting: str
) -> None:
    address, said = f"/fulfillment-orders/{WORK}/pickup", {"code": "WRONG-ONE"}
    tried = await asyncio.gather(*(store.post(address, json=said) for _ in range(WRONG_CODES_AT_ONCE + 5)))

    statuses = sorted(answer.status_code for answer in tried)
    assert statuses == [422] * WRONG_CODES_AT_ONCE + [429] * 5
    assert all(1 <= int(answer.headers["retry-after"]) <= 10 for answer in tried if answer.status_code == 429)
    # The customer goes to the next till and gets her goods.
    assert (await staff.post(address, json={"code": CODE})).status_code == 200


async def test_c20_a_new_key_of_the_same_name_is_not_slowed_down_by_the_old_one(
    store: Api, connect: Connect, sessions: Sessions, waiting: str
) -> None:
    address, wrong = f"/fulfillment-orders/{WORK}/pickup", {"code": "WRONG-ONE"}
    tried = await asyncio.gather(*(store.post(address, json=wrong) for _ in range(WRONG_CODES_AT_ONCE + 1)))
    assert 429 in {answer.status_code for answer in tried}
    till = "the till at the West Lake"
    revoke_keys(sessions, till)

    renewed = connect(create_key(sessions, till, "store", location=STORE))

    assert (await renewed.post(address, json={"code": CODE})).status_code == 200


async def test_c20_right_codes_do_not_slow_a_key_down(store: Api, waiting: str) -> None:
    address = f"/fulfillment-orders/{WORK}/pickup"
    right = [await store.post(address, json={"code": CODE}) for _ in range(WRONG_CODES_AT_ONCE + 5)]
    assert {answer.status_code for answer in right} == {200}


async def test_a_handover_that_is_not_due_is_refused(store: Api, staff: Api, sessions: Sessions, place: object) -> None:
    # given
    order_id = await place()  # type: ignore[operator]
    with sessions.begin() as session:
        work = {"fulfillment_order_id": WORK, "order_id": order_id, "number": 1, "reason": "near"}
        session.add(FulfillmentOrderRow(**work, location_id=STORE, status="released"))

    # when / then
    address = f"/fulfillment-orders/{WORK}/pickup"
    assert_problem(await store.post(address, json=PICKUP), 409, "refused")
    assert_problem(await staff.post(f"{address}-code", json={}), 409, "refused")
    assert_problem(await store.post("/fulfillment-orders/NONE/pickup", json=PICKUP), 404, "not-found")
    assert fields(assert_problem(await store.post(address, json={"code": ""}), 422, "invalid")) == ["code"]


async def test_a_store_receives_and_inspects_the_returns_of_its_own_location(
    store: Api, other_store: Api, waiting: str, place: Callable[..., Awaitable[str]], sessions: Sessions
) -> None:
    # given a case of the store's order, one sent to the store, and one of neither
    elsewhere = await place(channel_order_id="TM-ELSEWHERE")
    mine, sent, other = f"{waiting}-R-1", f"{elsewhere}-R-1", f"{elsewhere}-R-2"
    with sessions.begin() as session:
        for name, location in ((mine, None), (sent, STORE), (other, OTHER)):
            order_id, _, case_id = name.partition("-R-")
            case = ReturnRow(return_id=name, order_id=order_id, case_id=case_id, reason="too large, says Lin Xia")
            case.status, case.location_id = "approved", location
            session.add(case)
    came = {"location_id": STORE, "lines": [{"sku": "ELEGANT-LAMP", "quantity": 1}]}
    judged = {"lines": [came["lines"][0] | {"disposition": "restock"}]}

    # then it sees and receives its own there, and inspects what it has received
    assert {case["return_id"] for case in (await store.get("/returns")).json()["items"]} == {mine, sent}
    assert (await store.get(f"/returns/{mine}")).json()["reason"] == "***"
    assert_problem(await store.post(f"/returns/{mine}/inspect", json=judged), 409, "refused")
    assert_problem(await store.post(f"/returns/{mine}/receive", json=came | {"location_id": OTHER}), 403, "forbidden")
    for name in (mine, sent):
        assert (await store.post(f"/returns/{name}/receive", json=came)).json() == {"stored": True}
        assert (await store.post(f"/returns/{name}/inspect", json=judged)).json() == {"stored": True}

    # and nothing of another store's
    for path in (f"/returns/{other}/receive", f"/returns/{other}/inspect"):
        assert_problem(await store.post(path, json=came if "receive" in path else judged), 404, "not-found")
    assert_problem(await store.get(f"/returns/{other}"), 404, "not-found")
    assert_problem(await store.post(f"/returns/{mine}/approve", json={}), 403, "forbidden")
    assert [case["return_id"] for case in (await other_store.get("/returns")).json()["items"]] == [other]
    there = came | {"location_id": OTHER}
    assert_problem(await other_store.post(f"/returns/{mine}/receive", json=there), 404, "not-found")
