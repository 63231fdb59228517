"""Stock is shown by location and in the whole network."""

import pytest

from models.database import Sessions
from models.stock import LocationRow, ProductRow, StockRow
from tests.api.conftest import Api, assert_problem, fields


@pytest.fixture(autouse=True)
def stock(sessions: Sessions) -> None:
    with sessions.begin() as session:
        for name in ("HZ-1", "SZ-1"):
            session.add(LocationRow(location_id=name, kind="warehouse", name=name, country="CN", province="浙江省"))
        for sku in ("ELEGANT-LAMP", "OAK-STOOL", "TEACUP"):
            session.add(ProductRow(sku=sku, title=sku))
        session.flush()
        session.add(StockRow(sku="ELEGANT-LAMP", location_id="HZ-1", on_hand=10, allocated=2, buffer=1))
        session.add(StockRow(sku="ELEGANT-LAMP", location_id="SZ-1", on_hand=5, reserved=1, quarantined=1))
        session.add(StockRow(sku="OAK-STOOL", location_id="SZ-1", on_hand=3))


async def test_the_network_is_the_sum_of_its_locations(viewer: Api) -> None:
    page = (await viewer.get("/stock", params={"sku": "ELEGANT-LAMP"})).json()
    [lamp] = page["items"]
    assert lamp["total"] == {
        "on_hand": 15,
        "in_transit": 0,
        "reserved": 1,
        "allocated": 2,
        "buffer": 1,
        "quarantined": 1,
        "available": 10,
    }
    assert [(place["location_id"], place["available"]) for place in lamp["locations"]] == [("HZ-1", 7), ("SZ-1", 3)]


async def test_one_location_has_no_network_total(viewer: Api) -> None:
    page = (await viewer.get("/stock", params={"location": "SZ-1"})).json()
    assert [item["sku"] for item in page["items"]] == ["ELEGANT-LAMP", "OAK-STOOL"]
    assert [item["total"] for item in page["items"]] == [None, None]
    assert [len(item["locations"]) for item in page["items"]] == [1, 1]


async def test_the_next_page_starts_after_the_last_sku(viewer: Api) -> None:
    first = (await viewer.get("/stock", params={"limit": 1})).json()
    second = (await viewer.get("/stock", params={"limit": 1, "cursor": first["next_cursor"]})).json()
    assert [page["items"][0]["sku"] for page in (first, second)] == ["ELEGANT-LAMP", "OAK-STOOL"]
    assert second["next_cursor"] is None


async def test_stores_nearby_are_listed_nearest_first_with_their_distance(sessions: Sessions, viewer: Api) -> None:
    # given
    places = {"BUND": (31.2397, 121.4900), "WEST-LAKE": (30.2489, 120.1485), "UNPLACED": (None, None)}
    with sessions.begin() as session:
        for name, (latitude, longitude) in places.items():
            where = {"latitude": latitude, "longitude": longitude, "country": "CN", "province": ""}
            session.add(LocationRow(location_id=name, kind="store", name=name, **where))
        session.flush()
        session.add_all(StockRow(sku="TEACUP", location_id=name, on_hand=2) for name in places)

    # when
    page = (await viewer.get("/stock", params={"near": "30.25,120.15"})).json()

    # then
    [teacup] = page["items"]
    assert [(place["location_id"], place["distance_km"]) for place in teacup["locations"]] == [
        ("WEST-LAKE", 0.2),
        ("BUND", 168.8),
    ]
    assert (teacup["available"], teacup["total"]) == (4, None)
    page = (await viewer.get("/stock", params={"kind": "warehouse"})).json()
    assert [item["sku"] for item in page["items"]] == ["ELEGANT-LAMP", "OAK-STOOL"]


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"near": "here"}, "near"),
        ({"near": "91,0"}, "near"),
        ({"kind": "garden"}, "kind"),
        ({"channel": "tmall", "location": "HZ-1"}, "channel"),
    ],
)
async def test_an_invalid_view_is_refused_by_its_field(viewer: Api, params: dict[str, str], field: str) -> None:
    assert fields(assert_problem(await viewer.get("/stock", params=params), 422, "invalid")) == [field]
