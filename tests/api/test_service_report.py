"""On-time shares and preparation time, checked against known rows."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from models.database import Sessions
from models.fulfillment import FulfillmentOrderRow
from models.order import OrderRow
from models.stock import LocationRow
from tests.api.conftest import Api, assert_problem, fields

Place = Callable[..., Awaitable[str]]
DUE = datetime(2026, 1, 5, 4, tzinfo=UTC)
SPAN = {"first": "2026-01-05", "last": "2026-01-05"}
HOUR = timedelta(hours=1)


@pytest.fixture
async def week(place: Place, sessions: Sessions) -> None:
    """Ten fulfillment orders: nine leave in time, one an hour late; five are delivered in time, one is on the road.

    They take 10, 20, ... 100 minutes to pack. One more was canceled and counts for nobody.
    """
    names = [await place(channel_order_id=f"TM-{number}") for number in range(11)]
    with sessions.begin() as session:
        for place_ in ("HZ-1", "CD-1"):
            session.add(LocationRow(location_id=place_, kind="warehouse", name=place_, country="CN", province="浙江省"))
        session.flush()
        for number, name in enumerate(names, 1):
            promised = {"promised_ship_by": DUE, "promised_deliver_by": DUE + 72 * HOUR, "accepted_at": DUE - 9 * HOUR}
            session.execute(update(OrderRow).where(OrderRow.order_id == name).values(promised))
            session.add(_work(name, number))


def _work(order_id: str, number: int) -> FulfillmentOrderRow:
    work: dict[str, Any] = {
        "fulfillment_order_id": f"{order_id}-1",
        "order_id": order_id,
        "number": 1,
        "reason": "near",
    }
    row = FulfillmentOrderRow(**work, location_id="HZ-1" if number < 10 else "CD-1")
    row.status = "canceled" if number == 11 else "shipped" if number == 6 else "delivered"
    row.packed_at = DUE - 9 * HOUR + timedelta(minutes=10 * number)
    row.shipped_at = DUE + HOUR if number == 10 else DUE - HOUR
    row.delivered_at = None if number == 6 else DUE + (71 * HOUR if number < 6 else 73 * HOUR)
    return row


async def report(api: Api, **params: Any) -> list[dict[str, Any]]:
    answer = await api.get("/reports/service", params={**SPAN, **params})
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()["rows"]
    return rows


@pytest.mark.usefixtures("week")
async def test_nine_of_ten_due_fulfillment_orders_shipped_in_time(viewer: Api) -> None:
    (row,) = await report(viewer)

    assert (row["due_to_ship"], row["shipped_in_time"], row["on_time_shipping"]) == (10, 9, 0.9)


@pytest.mark.usefixtures("week")
async def test_overdue_parcels_on_the_road_are_not_in_time(viewer: Api) -> None:
    (row,) = await report(viewer, first="2026-01-08", last="2026-01-08")

    assert (row["due_to_deliver"], row["delivered_in_time"], row["on_time_delivery"]) == (10, 5, 0.5)
    assert (row["due_to_ship"], row["on_time_shipping"]) == (0, None)


@pytest.mark.usefixtures("week")
async def test_preparation_is_from_accepted_to_packed(viewer: Api) -> None:
    (row,) = await report(viewer)

    assert (row["prepared"], row["preparation_p50_seconds"]) == (10, 55 * 60)
    assert row["preparation_p90_seconds"] == pytest.approx(91 * 60)


@pytest.mark.usefixtures("week")
async def test_a_row_for_each_day_channel_and_location(viewer: Api) -> None:
    rows = await report(viewer, first="2026-01-01", last="2026-01-31", by=["day", "channel", "location"])

    shown = [(row["day"], row["channel"], row["location"], row["due_to_ship"], row["due_to_deliver"]) for row in rows]
    assert shown == [
        ("2026-01-05", "tmall", "CD-1", 1, 0),
        ("2026-01-05", "tmall", "HZ-1", 9, 0),
        ("2026-01-08", "tmall", "CD-1", 0, 1),
        ("2026-01-08", "tmall", "HZ-1", 0, 9),
    ]


@pytest.mark.usefixtures("week")
async def test_days_are_those_of_the_time_zone(viewer: Api) -> None:
    rows = await report(viewer, first="2026-01-04", last="2026-01-05", by="day", zone="America/Los_Angeles")

    assert [row["day"] for row in rows] == ["2026-01-04"]


@pytest.mark.usefixtures("week")
async def test_the_report_is_filtered_by_channel_and_location(viewer: Api, shop: Api) -> None:
    (there,), (nowhere,) = await report(viewer, location="CD-1"), await report(shop)

    assert (there["due_to_ship"], there["shipped_in_time"], nowhere["due_to_ship"]) == (1, 0, 0)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"zone": "Mars/Olympus"}, "zone"), ({"last": "2026-01-04"}, "last"), ({"last": "2026-06-05"}, "last")],
)
async def test_an_invalid_span_or_zone_is_refused(manager: Api, wrong: dict[str, str], field: str) -> None:
    problem = assert_problem(await manager.get("/reports/service", params={**SPAN, **wrong}), 422, "invalid")

    assert fields(problem) == [field]
