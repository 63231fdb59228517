"""Purchase orders, differences and exceptions are listed, filtered and paged."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from models.arrivals import PurchaseLineRow, PurchaseOrderRow, StockDifferenceRow, StockExceptionRow
from models.database import Sessions
from models.stock import LocationRow, ProductRow
from tests.api.conftest import Api, assert_problem, fields

LAMP, STOOL = "ELEGANT-LAMP", "OAK-STOOL"


@pytest.fixture(autouse=True)
def reported(sessions: Sessions) -> None:
    """Two purchase orders, two differences and two exceptions."""
    with sessions.begin() as session:
        session.add(LocationRow(location_id="HZ-1", kind="warehouse", name="HZ-1", country="CN", province="浙江省"))
        session.add_all(ProductRow(sku=sku, title=sku) for sku in (LAMP, STOOL))
        session.flush()
        for number, status in (("PO-1", "open"), ("PO-2", "received")):
            order = {"purchase_order_id": number, "location_id": "HZ-1", "revision": 1}
            session.add(PurchaseOrderRow(**order, status=status))
        session.flush()
        for number, sku in (("PO-1", LAMP), ("PO-2", STOOL)):
            due = date(2027, 5, 1)
            session.add(PurchaseLineRow(purchase_order_id=number, sku=sku, due_on=due, quantity=4, received=0))
        for sku, units in ((LAMP, -2), (STOOL, 40)):
            row: dict[str, Any] = {"sku": sku, "difference": units, "adjusted": units, "alert": units > 10}
            session.add(
                StockDifferenceRow(kind="snapshot", count_id="S-1", location_id="HZ-1", reason="counted", **row)
            )
        for name, resolved in (("E-1", None), ("E-2", datetime.now(UTC))):
            code = "unknown_goods"
            session.add(StockExceptionRow(partner="erp", event_id=name, code=code, detail="BOOT", resolved_at=resolved))


async def listed(api: Api, path: str, name: str, **params: Any) -> list[Any]:
    answer = await api.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return [item[name] for item in answer.json()["items"]]


async def test_purchase_orders_are_filtered_by_status_location_and_sku(viewer: Api) -> None:
    found = [
        await listed(viewer, "/purchase-orders", "purchase_order_id", **params)
        for params in ({}, {"status": "open"}, {"location": "SZ-1"}, {"sku": STOOL})
    ]
    assert found == [["PO-1", "PO-2"], ["PO-1"], [], ["PO-2"]]


async def test_an_unknown_purchase_order_is_not_found(viewer: Api) -> None:
    assert_problem(await viewer.get("/purchase-orders/PO-9"), 404, "not-found")


async def test_differences_are_listed_newest_first_or_alerts_only(viewer: Api) -> None:
    found = [
        await listed(viewer, "/stock/differences", "sku", **params)
        for params in ({}, {"alert": True}, {"alert": False}, {"sku": LAMP, "location": "HZ-1"})
    ]
    assert found == [[STOOL, LAMP], [STOOL], [LAMP], [LAMP]]


async def test_resolved_exceptions_are_shown_on_request(viewer: Api) -> None:
    found = [await listed(viewer, "/stock/exceptions", "event_id", **params) for params in ({}, {"open_only": False})]
    assert found == [["E-1"], ["E-2", "E-1"]]


@pytest.mark.parametrize("path", ["/purchase-orders", "/stock/differences"])
async def test_the_next_page_starts_after_the_last_row(viewer: Api, path: str) -> None:
    first = (await viewer.get(path, params={"limit": 1})).json()
    second = (await viewer.get(path, params={"limit": 1, "cursor": first["next_cursor"]})).json()
    assert first["items"] != second["items"]
    assert second["next_cursor"] is None


async def test_an_invalid_cursor_is_refused(viewer: Api) -> None:
    problem = assert_problem(await viewer.get("/stock/differences", params={"cursor": "UE8tMQ=="}), 422, "invalid")
    assert fields(problem) == ["cursor"]
