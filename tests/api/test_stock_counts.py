"""Counts are booked once as the difference to the record, with actor and reason in the ledger."""

from typing import Any

import pytest

from api.stock.goods_examples import BULB, COUNT, COUNTED, LAMP, STORE
from domain.stock.movements import Movement
from models.database import Sessions
from models.stock import LocationRow, ProductRow
from record.stock import ledger
from tests.api.conftest import Api, assert_problem, fields
from tests.factories import assert_ledger_explains_stock


@pytest.fixture(autouse=True)
def stock(sessions: Sessions) -> None:
    """A store with twelve lamps, of which ten are quarantined, and forty bulbs."""
    with sessions.begin() as session:
        session.add_all(ProductRow(sku=sku, title=sku) for sku in (LAMP, BULB, "OAK-STOOL"))
        session.add(LocationRow(location_id=STORE, kind="store", name=STORE, country="CN", province="浙江省"))
        session.flush()
        moved = [("received", LAMP, 12), ("received", BULB, 40), ("quarantined", LAMP, 10)]
        ledger.post(session, [Movement(kind, sku, STORE, units) for kind, sku, units in moved], None, "opening")


async def movements(api: Api, **which: str) -> list[dict[str, Any]]:
    answer = await api.get("/stock/movements", params=which)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_the_count_of_the_documentation_books_its_differences_once(staff: Api, sessions: Sessions) -> None:
    # when
    first, again = [await staff.post("/stock-counts", json=COUNT) for _ in range(2)]

    # then
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json() == COUNTED
    [adjusted] = await movements(staff, kind="adjusted")
    assert (adjusted["sku"], adjusted["quantity"]) == (LAMP, -1)
    assert adjusted["reason"] == f"count {COUNT['count_id']}: yearly count, aisle A3"
    assert adjusted["actor"] == "Sun of support"
    assert_ledger_explains_stock(sessions)


async def test_a_count_may_find_goods_without_any_stock(staff: Api, sessions: Sessions) -> None:
    lines = [{"sku": "OAK-STOOL", "counted": 3}]
    shown = (await staff.post("/stock-counts", json=COUNT | {"lines": lines})).json()
    assert shown["differences"] == [{"sku": "OAK-STOOL", "units": 3}]
    assert_ledger_explains_stock(sessions)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"location_id": "NO-SUCH"}, "location_id"),
        ({"lines": [{"sku": LAMP, "counted": 12}, {"sku": "NO-SUCH", "counted": 1}]}, "lines[1].sku"),
        ({"lines": [{"sku": LAMP, "counted": -1}]}, "lines[0].counted"),
        ({"lines": [{"sku": LAMP, "counted": 1}, {"sku": LAMP, "counted": 2}]}, "lines"),
        ({"lines": [{"sku": BULB, "counted": 41}, {"sku": LAMP, "counted": 9}]}, "lines"),
        ({"reason": ""}, "reason"),
    ],
    ids=["place", "product", "below zero", "twice", "put aside", "no reason"],
)
async def test_an_invalid_count_books_nothing(
    staff: Api, sessions: Sessions, changes: dict[str, Any], field: str
) -> None:
    answer = await staff.post("/stock-counts", json=COUNT | changes)
    assert fields(assert_problem(answer, 422, "invalid")) == [field]
    assert await movements(staff, kind="adjusted") == []
    assert_ledger_explains_stock(sessions)


async def test_another_count_with_the_same_id_is_refused(staff: Api) -> None:
    await staff.post("/stock-counts", json=COUNT)
    answer = await staff.post("/stock-counts", json=COUNT | {"lines": [{"sku": LAMP, "counted": 12}]})
    assert_problem(answer, 409, "other-body")


async def test_movements_are_listed_newest_first_and_by_filter(viewer: Api) -> None:
    assert [one["kind"] for one in await movements(viewer)] == ["quarantined", "received", "received"]
    assert [one["sku"] for one in await movements(viewer, sku=LAMP, location=STORE, kind="received")] == [LAMP]
    assert await movements(viewer, order="NONE") == []
    first = (await viewer.get("/stock/movements", params={"limit": 2})).json()
    rest = (await viewer.get("/stock/movements", params={"cursor": first["next_cursor"]})).json()
    assert [one["sku"] for one in rest["items"]] == [LAMP]
    problem = assert_problem(await viewer.get("/stock/movements", params={"kind": "lost"}), 422, "invalid")
    assert fields(problem) == ["kind"]
    assert fields(assert_problem(await viewer.get("/stock/movements?cursor=eA=="), 422, "invalid")) == ["cursor"]
