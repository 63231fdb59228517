"""Staff write products, locations and what channels may sell; invalid bodies are refused by their field."""

import copy
from typing import Any

import pytest

from api.stock.goods_examples import (
    BULB,
    CHANNEL_STOCK_BODY,
    EVENING_SET,
    LAMP,
    LOCATION_BODY,
    PRODUCT,
    PRODUCT_BODY,
    STORE,
)
from models.database import Sessions
from models.stock import LocationRow, ProductRow, StockRow
from tests.api.conftest import Api, assert_problem, fields

STORE_ADDRESS = f"/locations/{STORE}"


@pytest.fixture
def stock(sessions: Sessions) -> None:
    """Eleven lamps and forty bulbs in a warehouse; a supplier has five lamps more, and nine are written off."""
    places = {"HZ-1": "warehouse", "BULB-MAKER": "supplier", "WRITTEN-OFF": "virtual"}
    with sessions.begin() as session:
        session.add_all(ProductRow(sku=sku, title=sku) for sku in (LAMP, BULB))
        session.add_all(
            LocationRow(location_id=name, kind=kind, name=name, country="CN", province="浙江省")
            for name, kind in places.items()
        )
        session.flush()
        for sku, place, units in ((LAMP, "HZ-1", 11), (BULB, "HZ-1", 40), (LAMP, "BULB-MAKER", 5)):
            session.add(StockRow(sku=sku, location_id=place, on_hand=units))
        session.add(StockRow(sku=LAMP, location_id="WRITTEN-OFF", on_hand=9))


async def kept(staff: Api, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await staff.put(path, json=body)
    assert answer.status_code == 200, answer.text
    answered: dict[str, Any] = answer.json()
    return answered


@pytest.mark.usefixtures("stock")
async def test_the_product_of_the_documentation_can_be_written_and_read(staff: Api, viewer: Api) -> None:
    # when
    answered = await kept(staff, f"/products/{EVENING_SET}", copy.deepcopy(PRODUCT_BODY))

    # then
    assert answered == {**PRODUCT, "parts": sorted(PRODUCT["parts"], key=lambda part: part["sku"])}
    assert (await viewer.get(f"/products/{EVENING_SET}")).json() == answered
    page = (await viewer.get("/products", params={"limit": 1})).json()
    assert page["items"][0]["sku"] == LAMP
    page = (await viewer.get("/products", params={"cursor": page["next_cursor"]})).json()
    assert [item["sku"] for item in page["items"]] == [EVENING_SET, BULB]


@pytest.mark.usefixtures("stock")
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": ""}, "title"),
        ({"parts": [{"sku": "NO-SUCH", "quantity": 1}]}, "parts[0].sku"),
        ({"parts": [{"sku": LAMP, "quantity": 1}, {"sku": LAMP, "quantity": 1}]}, "parts"),
        ({"parts": [{"sku": EVENING_SET, "quantity": 1}]}, "parts[0].sku"),
        ({"substitutes": [LAMP, "NO-SUCH"]}, "substitutes[1]"),
        ({"color": "red"}, "color"),
    ],
)
async def test_an_invalid_product_is_refused_by_its_field(staff: Api, changes: dict[str, Any], field: str) -> None:
    answer = await staff.put(f"/products/{EVENING_SET}", json=PRODUCT_BODY | changes)
    assert fields(assert_problem(answer, 422, "invalid")) == [field]
    assert_problem(await staff.get(f"/products/{EVENING_SET}"), 404, "not-found")


@pytest.mark.usefixtures("stock")
async def test_a_bundle_is_no_part_and_has_no_stock(staff: Api) -> None:
    # given
    await kept(staff, f"/products/{EVENING_SET}", PRODUCT_BODY)

    # when
    nested = {"title": "Two sets", "parts": [{"sku": EVENING_SET, "quantity": 2}]}
    a_part = {"title": LAMP, "parts": [{"sku": BULB, "quantity": 1}]}
    answers = [await staff.put("/products/TWO-SETS", json=nested), await staff.put(f"/products/{LAMP}", json=a_part)]

    # then
    assert [fields(assert_problem(answer, 422, "invalid")) for answer in answers] == [["parts[0].sku"], ["parts"]]


@pytest.mark.usefixtures("stock")
async def test_a_bundle_is_as_available_as_its_scarcest_part(staff: Api, viewer: Api) -> None:
    # given
    await kept(staff, f"/products/{EVENING_SET}", PRODUCT_BODY)

    # when
    network = (await viewer.get(f"/stock/{EVENING_SET}")).json()
    warehouse = (await viewer.get(f"/stock/{EVENING_SET}", params={"location": "HZ-1"})).json()
    supplier = (await viewer.get(f"/stock/{EVENING_SET}", params={"kind": "supplier"})).json()

    # then
    assert [answered["available"] for answered in (network, warehouse, supplier)] == [16, 11, 0]
    assert network["parts"] == sorted(PRODUCT_BODY["parts"], key=lambda part: part["sku"])


@pytest.mark.usefixtures("stock")
async def test_stock_at_a_virtual_location_is_counted_but_not_available(viewer: Api) -> None:
    answered = (await viewer.get(f"/stock/{LAMP}")).json()
    assert (answered["total"]["on_hand"], answered["available"]) == (25, 16)


@pytest.mark.usefixtures("stock")
async def test_a_channel_is_shown_its_share_less_its_reserve_within_its_quota(staff: Api, tmall: Api) -> None:
    # given
    path, params = f"/channels/tmall/stock/{LAMP}", {"channel": "tmall"}
    quota = {"quantity": 3, "valid_from": "2026-01-01T00:00:00Z"}

    # when
    share = await kept(staff, path, {"share_percent": 50, "reserve": 1})
    limited = await kept(staff, path, {"share_percent": 50, "reserve": 1, "quotas": [quota]})

    # then
    assert (share["available"], share["shown"], limited["shown"]) == (16, 7, 3)
    assert limited["quotas"] == [{"quantity": 3, "claimed": 0, "valid_from": "2026-01-01T00:00:00Z", "valid_to": None}]
    page = (await tmall.get("/stock", params=params)).json()
    assert [(item["sku"], item["available"]) for item in page["items"]] == [(LAMP, 3), (BULB, 40)]
    assert_problem(await tmall.get("/stock", params={"channel": "shop"}), 403, "forbidden")


@pytest.mark.usefixtures("stock")
async def test_invalid_quotas_are_refused(staff: Api) -> None:
    await kept(staff, f"/channels/tmall/stock/{LAMP}", CHANNEL_STOCK_BODY)
    await kept(staff, f"/products/{EVENING_SET}", PRODUCT_BODY)
    backwards = {"quantity": 1, "valid_from": "2026-01-02T00:00:00Z", "valid_to": "2026-01-01T00:00:00Z"}
    for sku, quotas, field in (
        (LAMP, [backwards], "quotas[0].valid_to"),
        (LAMP, [{"quantity": 1, "valid_from": "2026-01-02T00:00:00"}], "quotas[0].valid_from"),
        (EVENING_SET, CHANNEL_STOCK_BODY["quotas"], "quotas"),
    ):
        answer = await staff.put(f"/channels/tmall/stock/{sku}", json={"quotas": quotas})
        assert fields(assert_problem(answer, 422, "invalid")) == [field]
    assert_problem(await staff.put("/channels/tmall/stock/NO-SUCH", json={}), 404, "not-found")


async def test_the_location_of_the_documentation_is_kept_once_for_each_key(staff: Api, viewer: Api) -> None:
    # when
    headers = {"Idempotency-Key": '"store-1"'}
    first, again = [await staff.put(STORE_ADDRESS, json=LOCATION_BODY, headers=headers) for _ in range(2)]

    # then
    assert first.json() == {"location_id": STORE, "sellable": True, **LOCATION_BODY}
    assert again.headers["idempotency-replayed"] == "true"
    assert (await viewer.get("/locations", params={"kind": "store"})).json()["items"] == [first.json()]
    assert (await viewer.get("/locations", params={"kind": "virtual"})).json()["items"] == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "garden"}, "kind"),
        ({"latitude": 91.0}, "latitude"),
        ({"longitude": None}, "longitude"),
        ({"time_zone": "Asia/Hangzhou"}, "time_zone"),
        ({"cut_off": "25:00"}, "cut_off"),
        ({"cut_off": "16:00+08:00"}, "cut_off"),
        ({"cut_off": 16}, "cut_off"),
        ({"working_days": []}, "working_days"),
        ({"working_days": [0]}, "working_days[0]"),
        ({"waves": ["09:00", "09:00"]}, "waves"),
        ({"closed": ["tomorrow"]}, "closed[0]"),
        ({"capacity_units_per_day": 0}, "capacity_units_per_day"),
    ],
)
async def test_an_invalid_location_is_refused_by_its_field(staff: Api, changes: dict[str, Any], field: str) -> None:
    answer = await staff.put(STORE_ADDRESS, json=LOCATION_BODY | changes)
    assert fields(assert_problem(answer, 422, "invalid")) == [field]


async def test_only_staff_may_write_products_and_locations(viewer: Api, tmall: Api) -> None:
    for api in (viewer, tmall):
        assert_problem(await api.put(STORE_ADDRESS, json=LOCATION_BODY), 403, "forbidden")
        assert_problem(await api.put(f"/products/{LAMP}", json={"title": "Lamp"}), 403, "forbidden")
        assert_problem(await api.put(f"/channels/tmall/stock/{LAMP}", json={}), 403, "forbidden")
        assert_problem(await api.post("/stock-counts", json={}), 403, "forbidden")
