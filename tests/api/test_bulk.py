"""Bulks as they are asked for: bounded, within the caller's rights, and once; nothing is carried out here."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select, update

from api.bulk import choosing
from api.examples import ORDER
from models.bulk import BulkItemRow, BulkRow
from models.database import Sessions
from models.order import HoldRow, OrderRow
from record import bulks
from tests.api.conftest import Api, Connect, assert_problem, fields

Place = Callable[..., Awaitable[str]]
CANCEL = {"command": "cancel", "reason": "the supplier is late"}


def once(name: str = "") -> dict[str, str]:
    return {"Idempotency-Key": f'"{name or uuid4().hex}"'}


@pytest.fixture
async def orders(place: Place) -> list[str]:
    """Two orders of tmall and one of shop, by receipt."""
    placed = [await place(), await place(channel_order_id="TM-2", payment={"reference": "P-2", "method": "alipay"})]
    other = {"channel": "shop", "channel_order_id": "SH-1", "payment": {"reference": "P-3", "method": "alipay"}}
    return [*placed, await place(**other)]


def count(sessions: Sessions, row: type[Any]) -> int:
    with sessions() as session:
        return session.scalar(select(func.count()).select_from(row)) or 0


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({}, "filter"),
        ({"filter": {"status": "received"}, "ids": ["A"]}, "filter"),
        ({"filter": {}}, "filter"),
        ({"filter": {"colour": "red"}}, "filter.colour"),
        ({"filter": {"status": "shiny"}}, "filter.status"),
        ({"filter": {"limit": "3"}}, "filter.limit"),
        ({"filter": {"phone": "nonsense"}}, "filter.phone"),
        ({"filter": {"tag": "nobody has it"}}, "filter"),
        ({"ids": ["A/B"]}, "ids[0]"),
        ({"ids": []}, "ids"),
        ({"ids": ["A"], "reason": ""}, "reason"),
        ({"ids": ["A"], "tag": "urgent"}, "tag"),
        ({"ids": ["A"], "command": "tag", "reason": None}, "tag"),
        ({"ids": ["A"], "command": "tag", "reason": None, "tag": "a/b"}, "tag"),
        ({"ids": ["A"], "command": "ship"}, "command"),
        ({"filter": {"status": "requested", "colour": "red"}, "command": "approve", "reason": None}, "filter.colour"),
    ],
)
async def test_what_is_wrong_is_named(manager: Api, changes: dict[str, Any], field: str) -> None:
    problem = assert_problem(await manager.post("/bulk", json=CANCEL | changes, headers=once()), 422, "invalid")
    assert field in fields(problem)


async def test_it_needs_a_key_and_the_right_of_its_command(manager: Api, tmall: Api, viewer: Api, orders: Any) -> None:
    assert_problem(await manager.post("/bulk", json=CANCEL | {"ids": ["A"]}), 400, "idempotency-key")
    for api, command in ((tmall, {"command": "force", "note": "hm"}), (viewer, CANCEL)):
        assert_problem(await api.post("/bulk", json=command | {"ids": orders}, headers=once()), 403, "forbidden")


async def test_a_dry_run_says_what_would_be_done_and_writes_nothing(
    staff: Api, tmall: Api, orders: list[str], sessions: Sessions
) -> None:
    with sessions.begin() as session:
        session.execute(update(OrderRow).where(OrderRow.order_id == orders[1]).values(status="completed"))

    seen = await staff.post("/bulk", json=CANCEL | {"dry_run": True, "ids": [*orders, *orders, "NONE"]})
    own = await tmall.post("/bulk", json=CANCEL | {"dry_run": True, "ids": orders})

    assert seen.status_code == 200, seen.text
    assert (seen.json()["total"], seen.json()["would_do"]) == (4, 2)
    reasons = {one["reason"]: one["count"] for one in seen.json()["refusals"]}
    assert reasons == {"the order is already completed": 1, "there is nothing by this id": 1}
    assert [one["id"] for one in seen.json()["sample"]] == [orders[0], orders[2], orders[1], "NONE"]
    assert [(one["id"], one["state"]) for one in own.json()["sample"]] == [
        (orders[0], "done"),
        (orders[1], "refused"),
        (orders[2], "not_found"),
    ]
    assert count(sessions, BulkRow) == 0


async def test_a_filter_is_that_of_the_list_and_its_set_is_fixed(
    staff: Api, tmall: Api, orders: list[str], place: Place, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choosing, "PAGE", 1)
    with sessions.begin() as session:
        held = HoldRow(order_id=orders[0], code="NO_STOCK", reason="", owner_role="staff")
        session.add(held)

    for filter, found in (
        ({"status": "received"}, orders),
        ({"channel": "tmall", "attention": False}, orders[:2]),
        ({"hold": "NO_STOCK"}, orders[:1]),
        ({"payment_status": "pending", "fulfillment_status": "open"}, orders),
        ({"carrier": "sf"}, []),
        ({"phone": ORDER["ship_to"]["phone"]}, orders),
    ):
        seen = await staff.post("/bulk", json=CANCEL | {"dry_run": True, "filter": filter})
        known = (await staff.get("/orders", params=filter)).json()["items"]
        assert [one["order_id"] for one in known][::-1] == found
        if found:
            assert [one["id"] for one in seen.json()["sample"]] == found

    made = await tmall.post("/bulk", json=CANCEL | {"filter": {"status": "received", "q": "TM-"}}, headers=once())
    assert made.status_code == 202, made.text
    assert (made.json()["total"], made.json()["counts"]["waiting"]) == (2, 2)
    # What may name a person is not kept.
    assert made.json()["filter"] == {"status": "received", "q": "***"}
    await place(channel_order_id="TM-3", payment={"reference": "P-4", "method": "alipay"})
    path = f"/bulk/{made.json()['bulk_id']}"
    assert [one["id"] for one in (await tmall.get(f"{path}/results")).json()["items"]] == orders[:2]
    sheet = (await staff.get(f"{path}/results", params={"format": "csv"})).text.splitlines()
    assert (sheet[0], len(sheet)) == ("item_no,id,state,code,detail,settled_at", 3)


async def test_above_its_bound_it_is_refused_and_nothing_is_written(
    staff: Api, orders: list[str], sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choosing, "MOST_ORDERS", 2)
    answer = await staff.post("/bulk", json=CANCEL | {"filter": {"status": "received"}}, headers=once())
    assert fields(assert_problem(answer, 422, "invalid")) == ["filter"]
    assert "more than 2 orders" in answer.json()["detail"]
    assert (count(sessions, BulkRow), count(sessions, BulkItemRow)) == (0, 0)


async def test_the_same_twice_is_one_bulk_also_when_its_answer_was_forgotten(
    staff: Api, orders: list[str], sessions: Sessions, engine: Any
) -> None:
    body = CANCEL | {"filter": {"status": "received"}}
    first = await staff.post("/bulk", json=body, headers=once("1"))
    second = await staff.post("/bulk", json=body, headers=once("1"))
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM idempotency_keys")
    third = await staff.post("/bulk", json=body, headers=once("1"))

    assert {answer.json()["bulk_id"] for answer in (first, second, third)} == {first.json()["bulk_id"]}
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM idempotency_keys")
    other = await staff.post("/bulk", json=body | {"reason": "another"}, headers=once("1"))
    assert_problem(other, 422, "other-request")
    assert count(sessions, BulkRow) == 1


async def test_too_many_at_once_are_told_to_wait(
    staff: Api, orders: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.bulk.bulks.MOST_OPEN", 1)
    assert (await staff.post("/bulk", json=CANCEL | {"ids": orders}, headers=once("1"))).status_code == 202
    assert_problem(await staff.post("/bulk", json=CANCEL | {"ids": orders}, headers=once("2")), 429, "too-many")


async def test_a_bulk_is_its_channels_and_ends_before_its_next_act_when_it_is_canceled(
    staff: Api, tmall: Api, shop: Api, connect: Connect, orders: list[str], sessions: Sessions
) -> None:
    made = (await tmall.post("/bulk", json=CANCEL | {"ids": orders[:2]}, headers=once())).json()
    path = f"/bulk/{made['bulk_id']}"
    for answer in (await shop.get(path), await shop.post(f"{path}/cancel"), await shop.get(f"{path}/results")):
        assert_problem(answer, 404, "not-found")
    assert (await shop.get("/bulk")).json()["items"] == []
    [seen] = (await staff.get("/bulk", params={"command": "cancel", "ended": "false"})).json()["items"]
    assert (seen["by"], seen["parameters"]) == ("tmall-connector", {"reason": "the supplier is late"})

    for _ in range(2):
        assert (await staff.post(f"{path}/cancel")).json()["state"] == "canceling"
    with sessions.begin() as session:
        assert bulks.next_work(session, made["bulk_id"], 10) is None

    ended = (await tmall.get(path)).json()
    assert (ended["state"], ended["canceled_by"], ended["counts"]["canceled"]) == ("ended", "Sun of support", 2)
    # Words that may name somebody are kept no longer than needed.
    assert ended["parameters"] == {}
    assert_problem(await staff.post(f"{path}/cancel"), 409, "refused")


async def test_one_order_is_audited_again_once_for_each_audit(
    staff: Api, orders: list[str], sessions: Sessions
) -> None:
    path = f"/orders/{orders[0]}/re-audit"
    assert_problem(await staff.post(path), 409, "refused")
    with sessions.begin() as session:
        session.execute(update(OrderRow).where(OrderRow.order_id == orders[0]).values(status="under_review"))
    for _ in range(2):
        assert (await staff.post(path)).status_code == 200
    events = (await staff.get(f"/orders/{orders[0]}/events")).json()["items"]
    assert [one["actor"] for one in events if one["type"] == "audit.asked"] == ["Sun of support"]
