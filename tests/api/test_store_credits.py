"""Store credits and gift cards: issued by staff within a limit, and shown to who may, with how they were spent."""

from datetime import UTC, datetime
from typing import Any

import pytest

from commands.keys import create_key
from domain.money import Money
from domain.tenders import Tender, TenderKind, credit_id
from models.database import Sessions
from models.parameters import ParameterRow
from record.orders.balances import spend
from record.orders.rows import new_order
from record.orders.writer import OrderWriter
from tests.api.conftest import Api, Connect, assert_problem, fields
from tests.factories import an_order

ISSUE = {"reference": "GOODWILL-1", "kind": "gift_card", "amount": "100.00", "currency": "CNY"}


async def issued(api: Api, **changes: Any) -> dict[str, Any]:
    answer = await api.post("/store-credits", json=ISSUE | changes)
    assert answer.status_code in (200, 201), answer.text
    return {"status": answer.status_code, **answer.json()}


async def test_an_issue_is_made_once_by_its_reference(staff: Api) -> None:
    # when it is sent twice, and then with another amount
    first, again = await issued(staff), await issued(staff)
    other = await staff.post("/store-credits", json=ISSUE | {"amount": "200.00"})

    # then
    assert (first["status"], again["status"]) == (201, 200)
    assert first["code"] == again["code"]
    assert first["credit_id"] == credit_id(first["code"])
    assert (first["balance"], first["issued_by"], first["movements"]) == ("100.00", "Sun of support", [])
    assert_problem(other, 409, "other-body")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount": "0"}, "amount"),
        ({"amount": "0.001"}, "amount"),
        ({"kind": "cash"}, "kind"),
        ({"reference": ""}, "reference"),
        ({"customer_id": "li lei"}, "customer_id"),
    ],
)
async def test_a_wrong_issue_is_refused_by_its_field(staff: Api, changes: dict[str, str], field: str) -> None:
    answer = await staff.post("/store-credits", json=ISSUE | changes)
    assert fields(assert_problem(answer, 422, "invalid")) == [field]


async def test_more_than_the_limit_needs_a_right_of_its_own(staff: Api, sessions: Sessions, connect: Connect) -> None:
    # given
    with sessions.begin() as session:
        since = {"valid_from": datetime(2020, 1, 1, tzinfo=UTC), "value": {"CNY": "99.99"}}
        session.add(ParameterRow(name="credit_limit", set_by="lin", source="a meeting", **since))

    # then
    assert_problem(await staff.post("/store-credits", json=ISSUE), 403, "forbidden")
    admin = connect(create_key(sessions, "Ada", "admin"))
    assert (await issued(admin))["status"] == 201
    assert (await issued(staff, reference="SMALL", amount="99.99"))["status"] == 201


async def test_a_credit_is_shown_by_its_id_and_found_by_its_code(staff: Api, viewer: Api, sessions: Sessions) -> None:
    # given a card of which an order has spent
    card = await issued(staff)
    order = new_order(an_order(), "test")
    OrderWriter(sessions)([order])
    with sessions.begin() as session:
        spend(session, order.order_id, Tender(1, TenderKind.GIFT_CARD, card["credit_id"], Money(4000, "CNY")))

    # when
    shown = await staff.get(f"/store-credits/{card['credit_id']}")
    found = await staff.post("/store-credits/find", json={"code": card["code"].lower()})
    listed = (await staff.get("/store-credits", params={"kind": "gift_card", "left": True})).json()["items"]

    # then
    assert shown.json()["balance"] == "60.00"
    [movement] = shown.json()["movements"]
    assert (movement["kind"], movement["amount"], movement["order_id"]) == ("spent", "40.00", order.order_id)
    assert found.json() == shown.json()
    assert [one["credit_id"] for one in listed] == [card["credit_id"]]
    assert_problem(await staff.get(f"/store-credits/{credit_id('GC-NOBODYS')}"), 404, "not-found")
    for path in ("/store-credits", f"/store-credits/{card['credit_id']}"):
        assert_problem(await viewer.get(path), 403, "forbidden")
    assert_problem(await viewer.post("/store-credits", json=ISSUE), 403, "forbidden")
