"""Edits are refused by their field, known by their request, limited by rights, and shown to whom they concern."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text

from commands.keys import create_key
from models.database import Sessions
from models.parameters import ParameterRow
from tests.api.conftest import Api, Connect, assert_problem, fields

Place = Callable[..., Awaitable[str]]
WHY = {"reason": "the customer called"}
RING = WHY | {"remarks": "ring twice"}


async def edit(api: Api, order_id: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await api.post(f"/orders/{order_id}/edits", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (WHY, "body"),
        ({"remarks": "ring twice"}, "reason"),
        (WHY | {"lines": [{"line_no": 1, "quantity": 1}] * 2}, "lines"),
        (WHY | {"lines": [{"line_no": 0, "quantity": 1}]}, "lines[0].line_no"),
        (WHY | {"lines": [{"line_no": 1, "quantity": -1}]}, "lines[0].quantity"),
        (WHY | {"lines": [{"line_no": line, "quantity": 1} for line in range(1, 2_002)]}, "lines"),
        (WHY | {"add": [{"sku": "LAMP", "quantity": 1, "unit_price": "1.234"}]}, "add[0].unit_price"),
        (WHY | {"amounts": {"shipping": "0.001"}}, "amounts.shipping"),
        (WHY | {"ship_to": {"country": "CN"}, "contact": {"name": "Lin"}}, "body"),
        (WHY | {"contact": {"phone": "123"}}, "contact.phone"),
        (WHY | {"delivery": {"method": "pickup"}}, "delivery.location_id"),
        (WHY | {"color": "red"}, "color"),
    ],
)
async def test_a_body_that_is_no_edit_names_the_field(staff: Api, place: Place, body: Any, field: str) -> None:
    order_id = await place()

    problem = assert_problem(await staff.post(f"/orders/{order_id}/edits", json=body), 422, "invalid")

    assert fields(problem) == [field]


async def test_the_same_request_is_the_same_edit_until_the_order_changes(
    staff: Api, place: Place, sessions: Sessions
) -> None:
    # given
    order_id = await place()
    first, again = await edit(staff, order_id, RING), await edit(staff, order_id, RING)
    other = await edit(staff, order_id, RING | {"remarks": "ring once"})

    # when
    with sessions.begin() as session:
        session.execute(text("UPDATE orders SET version = 1"))
    later = await edit(staff, order_id, RING)

    # then
    assert first == again
    assert len({first["edit_id"], other["edit_id"], later["edit_id"]}) == 3
    assert (first["base_version"], later["base_version"]) == (0, 1)


async def test_an_edit_that_cannot_be_made_is_refused_again_when_it_is_confirmed(
    staff: Api, place: Place, sessions: Sessions
) -> None:
    # given an edit that was refused, and one that does not exist
    order_id = await place()
    edit_id = (await edit(staff, order_id, WHY | {"location": "NOWHERE"}))["edit_id"]
    with sessions.begin() as session:
        session.execute(text("UPDATE order_edits SET state = 'refused', refused_field = 'location', refusal = 'no'"))

    # when
    refused = await staff.post(f"/orders/{order_id}/edits/{edit_id}/confirm")
    unknown = await staff.post(f"/orders/{order_id}/edits/NONE/confirm")

    # then
    assert fields(assert_problem(refused, 409, "refused")) == ["location"]
    assert_problem(unknown, 404, "not-found")


async def test_an_edit_above_the_limit_needs_a_right_of_its_own(
    staff: Api, place: Place, sessions: Sessions, connect: Connect
) -> None:
    # given
    order_id = await place()
    with sessions.begin() as session:
        limit = {"valid_from": datetime(2026, 1, 1, tzinfo=UTC), "value": {"CNY": "10.00"}}
        session.add(ParameterRow(name="edit_limit", set_by="lin", source="a meeting", **limit))
    small = await edit(staff, order_id, WHY | {"amounts": {"shipping": "20.00"}})
    large = await edit(staff, order_id, WHY | {"amounts": {"shipping": "30.00"}})

    # when
    answers = [await staff.post(f"/orders/{order_id}/edits/{one['edit_id']}/confirm") for one in (small, large)]
    admin = connect(create_key(sessions, "Ada", "admin"))
    allowed = await admin.post(f"/orders/{order_id}/edits/{large['edit_id']}/confirm")

    # then those that may be made reach the order's workflow, which is not there
    assert [answer.status_code for answer in answers] == [503, 403]
    assert allowed.status_code == 503

    # and what was edited before counts
    made = "UPDATE order_edits SET state = 'applied', version = 1, answered_at = now() WHERE edit_id = :id"
    with sessions.begin() as session:
        session.execute(text(made), {"id": small["edit_id"]})
    more = await edit(staff, order_id, WHY | {"amounts": {"shipping": "20.00"}})
    back = await edit(staff, order_id, WHY | {"amounts": {"shipping": "0.00"}})
    answers = [await staff.post(f"/orders/{order_id}/edits/{one['edit_id']}/confirm") for one in (more, back)]
    assert [answer.status_code for answer in answers] == [403, 503]

    # and what was allowed beyond the limit does not use it up for the others
    with sessions.begin() as session:
        session.execute(text(made.replace("version = 1", "version = 2")), {"id": large["edit_id"]})
    assert (await staff.post(f"/orders/{order_id}/edits/{more['edit_id']}/confirm")).status_code == 503


async def test_others_neither_edit_an_order_nor_see_its_values(
    staff: Api, place: Place, tmall: Api, shop: Api, viewer: Api, sessions: Sessions
) -> None:
    # given an order of tmall with a version
    order_id = await place(channel="tmall")
    await edit(tmall, order_id, RING)
    with sessions.begin() as session:
        made = 'state = \'applied\', version = 1, answered_at = now(), was = \'{"notes": {"remarks": ""}}\''
        session.execute(text(f"UPDATE order_edits SET {made}".replace(":", r"\:")))

    # when
    answers = [await api.post(f"/orders/{order_id}/edits", json=RING) for api in (shop, viewer)]
    hidden = (await viewer.get(f"/orders/{order_id}/versions")).json()["items"]
    shown = (await tmall.get(f"/orders/{order_id}/versions")).json()["items"]

    # then
    assert [answer.status_code for answer in answers] == [404, 403]
    assert (await shop.get(f"/orders/{order_id}/versions")).status_code == 404
    assert [(one["reason"], one["fields"], one["wanted"]) for one in hidden] == [("***", ["remarks"], {})]
    assert [one["wanted"] for one in shown] == [{"notes": {"remarks": "ring twice"}}]
