"""Requests for a return: taken once, and found from the first moment."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import select

from models.database import Sessions
from models.messaging import PartnerEventRow
from models.order import OrderRow
from models.payment import StoreCreditRow
from models.returns import ReturnLineRow, ReturnRow
from models.stock import LocationRow
from tests.api.conftest import Api, Body, assert_problem, fields

Place = Callable[..., Awaitable[str]]


def case(case_id: str = "CASE-77", **changes: Any) -> Body:
    return {"case_id": case_id, "reason": "too large", "lines": [{"line_no": 2, "quantity": 1}]} | changes


async def test_a_requested_return_waits_for_the_relay(tmall: Api, place: Place, sessions: Sessions) -> None:
    order_id = await place()

    answer = await tmall.post(f"/orders/{order_id}/returns", json=case())

    assert answer.status_code == 202
    shown = answer.json()
    assert shown["return_id"] == f"{order_id}-R-CASE-77"
    assert shown["workflow_id"] == "return/tmall/TM-20260101-0001/CASE-77"
    with sessions() as session:
        asked = session.scalars(select(PartnerEventRow)).one()
    assert (asked.partner, asked.event_id) == ("api", f"{order_id}:CASE-77")
    assert (asked.type, asked.subject) == ("return.requested", "tmall/TM-20260101-0001")
    assert asked.data == {"channel": "tmall", "channel_order_id": "TM-20260101-0001", **case()}

    # and the case is found by its link, as requested
    found = await tmall.get(shown["links"]["self"])
    assert found.status_code == 200
    assert found.json()["status"] == "requested"
    line = {"line_no": 2, "sku": "OAK-STOOL", "quantity": 1, "replacement_sku": "", "replacement_price": None}
    assert found.json()["lines"] == [line]


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


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "claim", "lines": []}, "amount"),
        ({"kind": "claim", "lines": [], "amount": "1.005"}, "amount"),
        ({"amount": "5.00"}, "amount"),
        ({"kind": "keep"}, "kind"),
        ({"refund_to": "her_friend"}, "refund_to"),
        ({"reason_code": "because"}, "reason_code"),
        ({"lines": [{"line_no": 2, "quantity": 1, "replacement_sku": "OAK-STOOL"}]}, "lines[0].replacement_sku"),
        (
            {"kind": "exchange", "lines": [{"line_no": 2, "quantity": 1, "replacement_sku": "NO-STOOL"}]},
            "lines[0].replacement_sku",
        ),
    ],
)
async def test_a_field_that_does_not_fit_the_kind_is_named(tmall: Api, place: Place, changes: Body, field: str) -> None:
    answer = await tmall.post(f"/orders/{await place()}/returns", json=case(**changes))
    assert fields(assert_problem(answer, 422, "invalid")) == [field]


async def test_only_callers_who_see_the_order_may_request_returns(
    shop: Api, viewer: Api, tmall: Api, place: Place
) -> None:
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
            late = "INSPECTION_LATE" if status == "approved" else None
            shown = {"reason": "too large", "reason_code": "does_not_fit" if late else "", "attention_code": late}
            session.add(ReturnRow(return_id=name, order_id=order_id, case_id="7", status=status, **shown))
            session.flush()
            session.add(ReturnLineRow(return_id=name, line_no=1, sku="ELEGANT-LAMP", quantity=1))

    # then they are found by either filter, page by page
    async def found(**query: Any) -> list[str]:
        return [each["order_id"] for each in (await tmall.get("/returns", params=query)).json()["items"]]

    assert await found() == orders[::-1]
    assert await found(status="approved") == orders[:1]
    assert await found(order_id=orders[1]) == orders[1:]
    assert await found(overdue=True) == await found(reason="does_not_fit") == orders[:1]
    assert await found(kind="exchange") == []
    first = (await tmall.get("/returns", params={"limit": 1})).json()
    assert await found(cursor=first["next_cursor"]) == orders[:1]
    assert (await shop.get("/returns")).json()["items"] == []
    assert (await tmall.get(f"/returns/{orders[0]}-R-7")).json()["status"] == "approved"


async def test_staff_replace_the_list_of_reasons(staff: Api, tmall: Api, place: Place) -> None:
    # given a case that names one of the first reasons
    order_id = await place()
    assert (await tmall.post(f"/orders/{order_id}/returns", json=case(reason_code="late"))).status_code == 202
    mine = {"code": "wrong_color", "meaning": "Another color", "fault": "customer", "needs_evidence": False}

    # when staff replace the list
    kept = await staff.put("/return-reasons", json={"reasons": [mine]})

    # then only theirs are offered
    assert [reason["code"] for reason in kept.json()["items"]] == ["wrong_color"]
    assert (await tmall.get("/return-reasons")).json() == kept.json()
    answer = await tmall.post(f"/orders/{order_id}/returns", json=case("CASE-78", reason_code="late"))
    assert fields(assert_problem(answer, 422, "invalid")) == ["reason_code"]
    assert_problem(await tmall.put("/return-reasons", json={"reasons": [mine]}), 403, "forbidden")
    assert_problem(await staff.put("/return-reasons", json={"reasons": [mine, mine]}), 422, "invalid")


async def test_received_goods_are_reported_to_the_case_once(
    staff: Api, tmall: Api, place: Place, sessions: Sessions
) -> None:
    # given a case that has started
    order_id = await place()
    name = f"{order_id}-R-7"
    with sessions.begin() as session:
        session.add(ReturnRow(return_id=name, order_id=order_id, case_id="7", status="approved", reason="too large"))
        session.add(LocationRow(location_id="NANJING-1", kind="store", name="Nanjing", country="CN", province="江苏省"))
    lines = [{"sku": "OAK-STOOL", "quantity": 1}]
    receipt = {"location_id": "NANJING-1", "lines": lines}
    judged = {"lines": [{**lines[0], "disposition": "restock", "grade": "A", "photos": ["photo:1"]}]}

    # when a store reports twice what came, and once the inspection
    answers = [await staff.post(f"/returns/{name}/receive", json=receipt) for _ in range(2)]
    inspected = await staff.post(f"/returns/{name}/inspect", json=judged)

    # then each report reaches the case once
    assert [answer.json()["stored"] for answer in answers] == [True, False]
    assert (answers[0].status_code, inspected.status_code) == (202, 202)
    with sessions() as session:
        shown = session.scalars(select(PartnerEventRow).order_by(PartnerEventRow.sequence)).all()
    assert [(one.type, one.subject) for one in shown] == [("return.received", name), ("return.inspected", name)]
    other = {"location_id": "NANJING-1", "lines": [{"sku": "OAK-STOOL", "quantity": 2}]}
    assert_problem(await staff.post(f"/returns/{name}/receive", json=other), 409, "other-body")
    nowhere = receipt | {"location_id": "NOWHERE"}
    assert fields(assert_problem(await staff.post(f"/returns/{name}/receive", json=nowhere), 422, "invalid"))
    assert_problem(await tmall.post(f"/returns/{name}/receive", json=receipt), 403, "forbidden")
    assert_problem(await tmall.post(f"/returns/{name}/approve", json={}), 403, "forbidden")
    assert_problem(await staff.post(f"/returns/{name}X/receive", json=receipt), 404, "not-found")


async def test_a_remedy_that_does_not_fit_its_case_is_named(staff: Api, place: Place, sessions: Sessions) -> None:
    # given a warranty case of goods that crossed the border, and one of another kind
    order_id = await place()
    with sessions.begin() as session:
        session.get_one(OrderRow, order_id).import_minor = 1
        for kind in ("warranty", "claim"):
            shown = {"kind": kind, "reason": "broken", "status": "requested"}
            session.add(ReturnRow(return_id=f"{order_id}-R-{kind}", order_id=order_id, case_id=kind, **shown))

    for kind, body, field in (
        ("warranty", {"remedy": "exchange"}, "remedy"),
        ("warranty", {"remedy": "repair"}, "remedy"),
        ("warranty", {"refund_to": "her_friend"}, "refund_to"),
        ("claim", {"remedy": "refund"}, "remedy"),
    ):
        answer = await staff.post(f"/returns/{order_id}-R-{kind}/approve", json=body)
        assert fields(assert_problem(answer, 422, "invalid")) == [field]


async def test_store_credits_of_a_customer_are_for_staff(
    staff: Api, viewer: Api, tmall: Api, place: Place, sessions: Sessions
) -> None:
    # given two credits of a customer
    order_id = await place()
    with sessions.begin() as session:
        name = f"{order_id}-R-7"
        session.add(ReturnRow(return_id=name, order_id=order_id, case_id="7", status="closed", reason="too large"))
        session.flush()
        for code in ("SC-B", "SC-A"):
            money = {"customer_id": "C-1001", "amount_minor": 8950, "currency": "CNY", "key": code}
            session.add(StoreCreditRow(code=code, order_id=order_id, return_id=name, **money))

    # then they are listed page by page
    first = (await staff.get("/customers/C-1001/store-credits", params={"limit": 1})).json()
    rest = await staff.get("/customers/C-1001/store-credits", params={"cursor": first["next_cursor"]})
    found = [*first["items"], *rest.json()["items"]]
    assert [(credit["code"], credit["amount"]) for credit in found] == [("SC-A", "89.50"), ("SC-B", "89.50")]
    assert (await staff.get("/customers/C-1002/store-credits")).json()["items"] == []
    for other in (viewer, tmall):
        assert_problem(await other.get("/customers/C-1001/store-credits"), 403, "forbidden")


async def test_the_return_rate_is_of_ordered_units(tmall: Api, place: Place, sessions: Sessions) -> None:
    # given an order of a lamp and two stools, of which one stool comes back and another was refused
    order_id = await place(placed_at="2026-01-01T09:30:00+08:00")
    with sessions.begin() as session:
        for case_id, status in (("1", "closed"), ("2", "rejected")):
            name = f"{order_id}-R-{case_id}"
            shown = {"reason": "too large", "reason_code": "late"}
            session.add(ReturnRow(return_id=name, order_id=order_id, case_id=case_id, status=status, **shown))
            session.flush()
            session.add(ReturnLineRow(return_id=name, line_no=2, sku="OAK-STOOL", quantity=1))

    # then the rate is of the ordered units
    async def rates(**query: str) -> list[tuple[str, int, int, float]]:
        span = {"since": "2025-12-01T00:00:00Z", "until": "2026-02-01T00:00:00Z"}
        items = (await tmall.get("/reports/returns", params=span | query)).json()["items"]
        return [(one["key"], one["ordered"], one["returned"], one["rate"]) for one in items]

    assert await rates() == [("OAK-STOOL", 2, 1, 0.5), ("ELEGANT-LAMP", 1, 0, 0.0)]
    assert await rates(by="reason") == [("late", 3, 1, 0.3333)]
    assert await rates(by="channel") == [("tmall", 3, 1, 0.3333)]
    backwards = {"since": "2026-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"}
    assert fields(assert_problem(await tmall.get("/reports/returns", params=backwards), 422, "invalid")) == ["since"]


async def test_only_who_decides_about_returns_names_the_price_of_an_exchange(
    staff: Api, tmall: Api, place: Place
) -> None:
    # given
    order_id = await place()

    async def refused_field(caller: Api, price: str, kind: str = "exchange") -> list[str]:
        line = {"line_no": 2, "quantity": 1, "replacement_price": price}
        answer = await caller.post(f"/orders/{order_id}/returns", json=case(kind=kind, lines=[line]))
        return [] if answer.status_code == 202 else fields(assert_problem(answer, 422, "invalid"))

    # then
    field = ["lines[0].replacement_price"]
    assert await refused_field(tmall, "1.00") == field
    assert await refused_field(staff, "0.00") == field
    assert await refused_field(staff, "1.005") == field
    assert await refused_field(staff, "1.00", "reship") == field
    assert await refused_field(staff, "1.00") == []
