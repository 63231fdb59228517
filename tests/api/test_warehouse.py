"""Who may work at a location, and who may not: waves, pick lists and pickups."""

import pytest

from api.shipping.warehouse_examples import PICKUP, WAVE
from commands.keys import create_key
from models.database import Sessions
from models.fulfillment import FulfillmentOrderRow
from models.stock import LocationRow
from tests.api.conftest import Api, Connect, assert_problem, fields

STORE, WORK = "WEST-LAKE-STORE", "FO-1"


@pytest.fixture
def store(connect: Connect, sessions: Sessions) -> Api:
    with sessions.begin() as session:
        session.add(LocationRow(location_id=STORE, kind="store", name=STORE, country="CN", province="浙江省"))
    return connect(create_key(sessions, "the till at the West Lake", "store"))


async def test_a_store_works_at_its_location_and_decides_nothing_else(store: Api) -> None:
    assert (await store.get(f"/locations/{STORE}/pick-list")).json()["fulfillment_orders"] == []
    assert (await store.post(f"/locations/{STORE}/waves", json=WAVE)).json() == {"released": 0}
    assert (await store.get(f"/locations/{STORE}/waves")).json()["next_at"] is None
    assert_problem(await store.post(f"/fulfillment-orders/{WORK}/pickup-code", json={}), 403, "forbidden")
    assert_problem(await store.put(f"/locations/{STORE}", json={}), 403, "forbidden")


async def test_a_channel_does_not_see_the_work_of_others(tmall: Api, viewer: Api) -> None:
    for api in (tmall, viewer):
        assert_problem(await api.get(f"/locations/{STORE}/pick-list"), 403, "forbidden")
        assert_problem(await api.post(f"/locations/{STORE}/waves", json=WAVE), 403, "forbidden")
        assert_problem(await api.post(f"/fulfillment-orders/{WORK}/pickup", json=PICKUP), 403, "forbidden")


async def test_what_cannot_be_handed_over_is_refused(store: Api, staff: Api, sessions: Sessions, place: object) -> None:
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
