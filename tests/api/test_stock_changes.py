"""People adjust and transfer stock: once for each id, all or nothing, with actor and reason in the ledger."""

from typing import Any

import pytest

from api.stock.goods_examples import ADJUSTED, ADJUSTMENT, BULB, EVENING_SET, LAMP, STORE, TRANSFER, TRANSFERRED
from domain.stock.movements import Movement
from models.database import Sessions
from models.stock import LocationRow, ProductRow
from record.stock import ledger
from record.stock.products import set_parts
from tests.api.conftest import Api, assert_problem, fields
from tests.factories import assert_ledger_explains_stock, counters

NEW_STORE = TRANSFER["to_location"]
NO_SUCH = {"sku": "NO-SUCH", "units": 1}


@pytest.fixture(autouse=True)
def stock(sessions: Sessions) -> None:
    """A store with twelve lamps, of which ten are quarantined, and forty bulbs, and a new store with nothing."""
    with sessions.begin() as session:
        session.add_all(ProductRow(sku=sku, title=sku) for sku in (LAMP, BULB, EVENING_SET))
        session.add_all(
            LocationRow(location_id=place, kind="store", name=place, country="CN", province="浙江省")
            for place in (STORE, NEW_STORE)
        )
        session.flush()
        set_parts(session, EVENING_SET, {LAMP: 1})
        moved = [("received", LAMP, 12), ("received", BULB, 40), ("quarantined", LAMP, 10)]
        ledger.post(session, [Movement(kind, sku, STORE, units) for kind, sku, units in moved], None, "opening")


async def movements(api: Api, kind: str) -> list[tuple[str, str, int]]:
    items = (await api.get("/stock/movements", params={"kind": kind})).json()["items"]
    assert {one["actor"] for one in items} <= {"Sun of support"}
    return [(one["sku"], one["location_id"], one["quantity"]) for one in items]


async def test_the_adjustment_of_the_documentation_is_booked_once_with_reason_and_actor(
    staff: Api, sessions: Sessions
) -> None:
    # when
    first, again = [await staff.post("/stock/adjustments", json=ADJUSTMENT) for _ in range(2)]

    # then
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json() == ADJUSTED
    assert await movements(staff, "adjusted") == [(LAMP, STORE, -2)]
    [shown] = (await staff.get("/stock/movements", params={"kind": "adjusted"})).json()["items"]
    assert shown["reason"] == "adjustment ADJUST-2026-11-30-1: two fell off the shelf"
    assert_ledger_explains_stock(sessions)


async def test_the_transfer_of_the_documentation_is_booked_once_at_both_locations(
    staff: Api, sessions: Sessions
) -> None:
    # when
    first, again = [await staff.post("/stock/transfers", json=TRANSFER) for _ in range(2)]

    # then
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json() == TRANSFERRED
    assert await movements(staff, "transferred") == [(BULB, NEW_STORE, 12), (BULB, STORE, -12)]
    assert (counters(sessions, BULB, STORE)["on_hand"], counters(sessions, BULB, NEW_STORE)["on_hand"]) == (28, 12)
    assert_ledger_explains_stock(sessions)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"location_id": "NO-SUCH"}, "location_id"),
        ({"lines": [{"sku": BULB, "units": 1}, NO_SUCH]}, "lines[1].sku"),
        ({"lines": [{"sku": EVENING_SET, "units": 1}]}, "lines[0].sku"),
        ({"lines": [{"sku": BULB, "units": 0}]}, "lines[0].units"),
        ({"lines": [{"sku": BULB, "units": 1}] * 2}, "lines"),
        ({"lines": [{"sku": BULB, "units": 1}, {"sku": LAMP, "units": -3}]}, "lines"),
        ({"reason": ""}, "reason"),
    ],
    ids=["place", "product", "bundle", "nothing", "twice", "put aside", "no reason"],
)
async def test_an_invalid_adjustment_books_nothing(
    staff: Api, sessions: Sessions, changes: dict[str, Any], field: str
) -> None:
    answer = await staff.post("/stock/adjustments", json=ADJUSTMENT | changes)
    assert fields(assert_problem(answer, 422, "invalid")) == [field]
    assert await movements(staff, "adjusted") == []
    assert_ledger_explains_stock(sessions)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"from_location": "NO-SUCH"}, "from_location"),
        ({"to_location": "NO-SUCH"}, "to_location"),
        ({"to_location": STORE}, "to_location"),
        ({"lines": [NO_SUCH]}, "lines[0].sku"),
        ({"lines": [{"sku": BULB, "units": -1}]}, "lines[0].units"),
        ({"lines": [{"sku": BULB, "units": 1}, {"sku": LAMP, "units": 3}]}, "lines"),
        ({"reason": "\t"}, "reason"),
    ],
    ids=["from", "to", "the same", "product", "below zero", "put aside", "no reason"],
)
async def test_an_invalid_transfer_books_nothing(
    staff: Api, sessions: Sessions, changes: dict[str, Any], field: str
) -> None:
    answer = await staff.post("/stock/transfers", json=TRANSFER | changes)
    assert fields(assert_problem(answer, 422, "invalid")) == [field]
    assert await movements(staff, "transferred") == []
    assert_ledger_explains_stock(sessions)


@pytest.mark.parametrize("what", ["adjustments", "transfers"])
async def test_another_change_with_the_same_id_is_refused_and_a_viewer_changes_nothing(
    staff: Api, viewer: Api, what: str
) -> None:
    body = {"adjustments": ADJUSTMENT, "transfers": TRANSFER}[what]
    assert_problem(await viewer.post(f"/stock/{what}", json=body), 403, "forbidden")
    await staff.post(f"/stock/{what}", json=body)
    other = body | {"lines": [{"sku": BULB, "units": 3}]}
    assert_problem(await staff.post(f"/stock/{what}", json=other), 409, "other-body")
