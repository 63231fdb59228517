"""Orders at risk, the most urgent first, and the promise of an order."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from models.database import Sessions
from models.fulfillment import FulfillmentOrderRow
from models.order import OrderRow
from models.stock import LocationRow
from record.orders.deadlines import DeadlineSweep
from tests.api.conftest import Api, assert_problem, fields, order_body

Place = Callable[..., Awaitable[str]]
NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
async def late(place: Place, sessions: Sessions) -> list[str]:
    """Three orders at risk, the one placed last the most urgent, and one with time left."""
    names = [await place(channel_order_id=f"TM-{number}") for number in range(4)]
    with sessions.begin() as session:
        session.add(LocationRow(location_id="HZ-1", kind="warehouse", name="HZ-1", country="CN", province="浙江省"))
        session.flush()
        work = {"order_id": names[1], "number": 1, "location_id": "HZ-1", "reason": "nearest"}
        session.add(FulfillmentOrderRow(fulfillment_order_id=f"{names[1]}-1", **work))
        for hours, name in zip((3, 2, 1, 99), names, strict=True):
            due = NOW + timedelta(hours=hours)
            warned = {"warn_at": due - timedelta(hours=5)}
            of_order = update(OrderRow).where(OrderRow.order_id == name)
            session.execute(of_order.values(due="ship", promised_ship_by=due, due_at=due, **warned))
    DeadlineSweep(sessions).run(NOW)
    return names


async def at_risk(api: Api, **params: Any) -> Any:
    answer = await api.get("/orders", params={"at_risk": True, **params})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_the_most_urgent_order_is_first_and_orders_with_time_are_not_listed(viewer: Api, late: list[str]) -> None:
    page = await at_risk(viewer)

    assert [order["order_id"] for order in page["items"]] == [late[2], late[1], late[0]]
    deadline = page["items"][0]["next_deadline"]
    assert (deadline["due"], deadline["at_risk"], deadline["owner"]) == ("ship", True, "staff")


async def test_the_next_page_starts_after_the_last_deadline(viewer: Api, late: list[str]) -> None:
    first = await at_risk(viewer, limit=2)
    second = await at_risk(viewer, limit=2, cursor=first["next_cursor"])

    assert [order["order_id"] for order in second["items"]] == [late[0]]
    assert second["next_cursor"] is None


async def test_the_list_is_filtered_by_channel_and_location(viewer: Api, late: list[str]) -> None:
    there, elsewhere = await at_risk(viewer, location="HZ-1"), await at_risk(viewer, channel="shop")

    assert ([order["order_id"] for order in there["items"]], elsewhere["items"]) == ([late[1]], [])


async def test_a_channel_sees_only_its_own(shop: Api, tmall: Api, late: list[str]) -> None:
    assert ((await at_risk(shop))["items"], len((await at_risk(tmall))["items"])) == ([], 3)


async def test_a_cursor_of_another_list_is_refused(viewer: Api, late: list[str]) -> None:
    other = (await viewer.get("/orders", params={"limit": 1})).json()["next_cursor"]

    problem = assert_problem(await viewer.get("/orders", params={"at_risk": True, "cursor": other}), 422, "invalid")
    assert fields(problem) == ["cursor"]


async def test_the_channels_promise_is_kept(staff: Api, sessions: Sessions) -> None:
    promised = {"ship_by": "2026-01-02T12:00:00+08:00", "deliver_by": "2026-01-05T12:00:00+08:00"}

    order_id = (await staff.post("/orders", json=order_body(promised=promised))).json()["order_id"]

    shown = (await staff.get(f"/orders/{order_id}")).json()
    assert shown["promised"] == {"ship_by": "2026-01-02T04:00:00Z", "deliver_by": "2026-01-05T04:00:00Z"}
    assert shown["next_deadline"] is None
    with sessions() as session:
        assert session.scalars(select(OrderRow.due)).one() == ""


async def test_a_delivery_promised_before_shipping_is_refused(staff: Api) -> None:
    promised = {"ship_by": "2026-01-05T12:00:00+08:00", "deliver_by": "2026-01-02T12:00:00+08:00"}

    answer = await staff.post("/orders", json=order_body(promised=promised))

    assert fields(assert_problem(answer, 422, "invalid")) == ["promised"]
