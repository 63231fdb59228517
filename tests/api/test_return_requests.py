"""A return is asked for once, whatever becomes of it, and found from the first moment."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import select

from models.database import Sessions
from models.messaging import PartnerEventRow
from models.returns import ReturnLineRow, ReturnRow
from tests.api.conftest import Api, Body, assert_problem, fields

Place = Callable[..., Awaitable[str]]


def case(case_id: str = "CASE-77", **changes: Any) -> Body:
    return {"case_id": case_id, "reason": "too large", "lines": [{"line_no": 2, "quantity": 1}]} | changes


async def test_a_return_that_was_asked_for_waits_for_the_relay(tmall: Api, place: Place, sessions: Sessions) -> None:
    order_id = await place()

    answer = await tmall.post(f"/orders/{order_id}/returns", json=case())

    assert answer.status_code == 202
    told = answer.json()
    assert told["return_id"] == f"{order_id}-R-CASE-77"
    assert told["workflow_id"] == "return/tmall/TM-20260101-0001/CASE-77"
    with sessions() as session:
        asked = session.scalars(select(PartnerEventRow)).one()
    assert (asked.partner, asked.event_id) == ("api", f"{order_id}:CASE-77")
    assert (asked.type, asked.subject) == ("return.requested", "tmall/TM-20260101-0001")
    assert asked.data == {"channel": "tmall", "channel_order_id": "TM-20260101-0001", **case()}

    # and the case is found by its link, as requested
    found = await tmall.get(told["links"]["self"])
    assert found.status_code == 200
    assert found.json()["status"] == "requested"
    assert found.json()["lines"] == [{"line_no": 2, "sku": "OAK-STOOL", "quantity": 1}]


async def test_the_same_case_twice_is_one_case(tmall: Api, place: Place) -> None:
    order_id = await place()
    first = await tmall.post(f"/orders/{order_id}/returns", json=case())
    again = await tmall.post(f"/orders/{order_id}/returns", json=case())
    assert (again.status_code, again.json()) == (200, first.json())
    other = await tmall.post(f"/orders/{order_id}/returns", json=case(reason="broken"))
    assert_problem(other, 409, "other-body")


@pytest.mark.parametrize(
    ("lines", "field"),
    [
        ([{"line_no": 3, "quantity": 1}], "lines[0].line_no"),
        ([{"line_no": 2, "quantity": 3}], "lines[0].quantity"),
        ([{"line_no": 2, "quantity": 1}, {"line_no": 2, "quantity": 1}], "lines[1].line_no"),
        ([{"line_no": 2, "quantity": 0}], "lines[0].quantity"),
        ([], "lines"),
    ],
)
async def test_goods_that_were_not_ordered_are_named(tmall: Api, place: Place, lines: list[Body], field: str) -> None:
    answer = await tmall.post(f"/orders/{await place()}/returns", json=case(lines=lines))
    assert fields(assert_problem(answer, 422, "invalid")) == [field]


async def test_returns_are_for_those_who_may_see_the_order(shop: Api, viewer: Api, tmall: Api, place: Place) -> None:
    order_id = await place()
    assert_problem(await shop.post(f"/orders/{order_id}/returns", json=case()), 404, "not-found")
    assert_problem(await viewer.post(f"/orders/{order_id}/returns", json=case()), 403, "forbidden")
    await tmall.post(f"/orders/{order_id}/returns", json=case())
    assert_problem(await shop.get(f"/returns/{order_id}-R-CASE-77"), 404, "not-found")
    assert_problem(await tmall.get(f"/returns/{order_id}-R-CASE-78"), 404, "not-found")


async def test_cases_are_listed_by_status_and_order(tmall: Api, shop: Api, place: Place, sessions: Sessions) -> None:
    # given two orders with a case each
    orders = [await place(channel_order_id=f"TM-{number}") for number in (1, 2)]
    with sessions.begin() as session:
        for order_id, status in zip(orders, ("approved", "closed"), strict=True):
            name = f"{order_id}-R-7"
            session.add(ReturnRow(return_id=name, order_id=order_id, case_id="7", status=status, reason="too large"))
            session.flush()
            session.add(ReturnLineRow(return_id=name, line_no=1, sku="ELEGANT-LAMP", quantity=1))

    # then they are found by either, page by page
    async def found(**query: Any) -> list[str]:
        return [each["order_id"] for each in (await tmall.get("/returns", params=query)).json()["items"]]

    assert await found() == orders[::-1]
    assert await found(status="approved") == orders[:1]
    assert await found(order_id=orders[1]) == orders[1:]
    first = (await tmall.get("/returns", params={"limit": 1})).json()
    assert await found(cursor=first["next_cursor"]) == orders[:1]
    assert (await shop.get("/returns")).json()["items"] == []
    assert (await tmall.get(f"/returns/{orders[0]}-R-7")).json()["status"] == "approved"
