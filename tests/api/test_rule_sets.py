"""Versions of the rules through the API: saved, refused with the place of a mistake, tried, activated, retired,
logged."""

import copy
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import select, update

from api.rules.examples import RULES
from commands.keys import create_key
from models.database import Sessions
from models.messaging import PartnerEventRow
from models.order import AuditRow, HoldRow, OrderRow
from tests.api.conftest import Api, Connect, assert_problem, fields

HOLD = {"type": "hold", "reason": "look at it"}
Place = Callable[..., Awaitable[str]]
pytestmark = pytest.mark.usefixtures("one_confined")


@pytest.fixture
def ruler(connect: Connect, sessions: Sessions) -> Api:
    return connect(create_key(sessions, "Lin of sales", "rules"))


def rule(expression: str, name: str = "large", **changes: Any) -> dict[str, Any]:
    return {"name": name, "expression": expression, "action": HOLD} | changes


async def saved(ruler: Api, *rules: dict[str, Any], **body: Any) -> int:
    answer = await ruler.post("/rule-sets", json={"rules": list(rules), **body})
    assert answer.status_code == 201, answer.text
    number: int = answer.json()["rule_set_id"]
    return number


async def status_of(ruler: Api, number: int) -> str:
    return str((await ruler.get(f"/rule-sets/{number}")).json()["status"])


async def test_the_rules_of_the_documentation_are_saved_as_a_draft(ruler: Api) -> None:
    # when
    answer = await ruler.post("/rule-sets", json={"note": "for the spring sale", "rules": copy.deepcopy(RULES)})

    # then
    shown = answer.json()
    assert (answer.status_code, shown["status"], shown["created_by"]) == (201, "draft", "Lin of sales")
    assert [{name: one[name] for name in RULES[0]} for one in shown["rules"]] == RULES


async def test_every_mistake_is_reported_with_its_field_and_place(ruler: Api) -> None:
    # given
    rules = [rule("order.units > 1"), rule("order.total >", "open"), rule("order.units > 1 &&\n nope", "unknown")]

    # when
    problem = assert_problem(await ruler.post("/rule-sets", json={"rules": rules}), 422, "invalid")

    # then
    assert fields(problem) == ["rules[1].expression", "rules[2].expression"]
    assert problem["errors"][0]["message"].startswith("line 1, column 14: ")
    assert problem["errors"][1]["message"].startswith("line 2, column 2: there is nothing called nope")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"rules": [rule("true"), rule("false")]}, "rules[1].name"),
        ({"rules": [rule("true", action={"type": "explode"})]}, "rules[0].action"),
        ({"rules": [rule("true", action={"type": "hold"})]}, "rules[0].action.hold.reason"),
        ({"rules": [rule("true", action={"type": "add_gift", "sku": "NONE"})]}, "rules[0].action.sku"),
        ({"rules": [rule("true", action={"type": "set_location", "location": "MOON"})]}, "rules[0].action.location"),
        ({"rules": [rule("true", name="No Name")]}, "rules[0].name"),
        ({"rules": []}, "rules"),
        ({"note": "nothing"}, "body"),
        ({"from": 99}, "from"),
    ],
)
async def test_an_invalid_version_is_refused_by_its_field(ruler: Api, body: dict[str, Any], field: str) -> None:
    assert fields(assert_problem(await ruler.post("/rule-sets", json=body), 422, "invalid")) == [field]


async def test_a_version_can_be_copied_from_another(ruler: Api) -> None:
    first = await saved(ruler, rule("order.units > 1"))

    answer = await ruler.post("/rule-sets", json={"from": first, "note": "the same again"})

    shown = answer.json()
    assert (shown["made_from"], [one["expression"] for one in shown["rules"]]) == (first, ["order.units > 1"])


async def test_a_trial_reports_what_would_change_and_changes_nothing(ruler: Api, staff: Api, place: Place) -> None:
    # given
    large, small = await place(), await place(channel_order_id="SMALL", customer={"customer_id": "C-2"})
    await place(channel="shop", channel_order_id="ELSEWHERE")
    number = await saved(ruler, rule("order.total > 100.0 && buyer.token == 'C-1001'"))

    # when
    answer = await ruler.post(f"/rule-sets/{number}/trials", json={"orders": 10, "channel": "tmall"})

    # then
    assert answer.status_code == 200, answer.text
    shown = answer.json()["result"]
    assert (shown["orders"], shown["changed"], shown["against"]) == (2, 1, None)
    assert shown["changes"] == [{"effect": "hold RULE:large", "added": 1, "dropped": 0, "examples": [large]}]
    assert await status_of(ruler, number) == "tried"
    assert (await staff.get(f"/orders/{large}")).json()["holds"] == []
    assert small not in shown["changes"][0]["examples"]


async def test_a_version_is_activated_once_it_was_tried_and_the_one_before_is_retired(ruler: Api) -> None:
    # given
    first, second = await saved(ruler, rule("true")), await saved(ruler, rule("false"))

    # when
    untried = await ruler.post(f"/rule-sets/{first}/activate", json={})
    forced = await ruler.post(f"/rule-sets/{first}/activate", json={"force": True, "reason": "it is urgent"})
    await ruler.post(f"/rule-sets/{second}/trials", json={})
    tried = await ruler.post(f"/rule-sets/{second}/activate", json={})

    # then
    assert_problem(untried, 409, "refused")
    assert (forced.status_code, tried.json()["status"]) == (200, "active")
    assert [await status_of(ruler, number) for number in (first, second)] == ["retired", "active"]
    assert_problem(await ruler.post(f"/rule-sets/{first}/activate", json={}), 409, "refused")


async def test_activating_by_force_needs_a_reason(ruler: Api) -> None:
    number = await saved(ruler, rule("true"))

    assert_problem(await ruler.post(f"/rule-sets/{number}/activate", json={"force": True}), 422, "invalid")


async def test_every_change_of_a_version_is_in_its_log(ruler: Api) -> None:
    # given
    number = await saved(ruler, rule("true"), note="first")
    await ruler.post(f"/rule-sets/{number}/trials", json={})
    await ruler.post(f"/rule-sets/{number}/activate", json={"reason": "agreed"})
    await ruler.post(f"/rule-sets/{number}/retire", json={"reason": "over"})

    # when
    log = (await ruler.get(f"/rule-sets/{number}/log")).json()["items"]

    # then
    assert [(entry["what"], entry["actor"]) for entry in log] == [
        (what, "Lin of sales") for what in ("created", "tried", "activated", "retired")
    ]
    assert log[2]["data"] == {"reason": "agreed", "forced": False}
    assert_problem(await ruler.post(f"/rule-sets/{number}/retire", json={"reason": "again"}), 409, "refused")


async def test_lists_continue_by_their_cursor(ruler: Api) -> None:
    numbers = [await saved(ruler, rule("true")) for _ in range(3)]

    page = (await ruler.get("/rule-sets?limit=2")).json()
    rest = (await ruler.get("/rule-sets", params={"limit": 2, "cursor": page["next_cursor"]})).json()

    assert [row["rule_set_id"] for row in page["items"] + rest["items"]] == numbers[::-1]


async def test_who_may_write_rules_and_who_may_read_them(ruler: Api, staff: Api, viewer: Api, tmall: Api) -> None:
    number = await saved(ruler, rule("true"))

    for reader in (staff, viewer):
        assert (await reader.get(f"/rule-sets/{number}")).status_code == 200
        assert_problem(await reader.post("/rule-sets", json={"rules": [rule("true")]}), 403, "forbidden")
    assert_problem(await tmall.get(f"/rule-sets/{number}"), 403, "forbidden")
    assert_problem(await ruler.get("/rule-sets/999"), 404, "not-found")


async def test_what_only_a_retired_version_holds_is_looked_at_again(
    ruler: Api, place: Place, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.rules.commands.SETTLED_SECONDS", 0.0)
    # given orders that the active version holds: alone, beside the address, and one that another version held
    number = await saved(ruler, rule("true"))
    await ruler.post(f"/rule-sets/{number}/activate", json={"force": True, "reason": "now"})
    alone, beside, other = [await place(channel_order_id=f"TM-{nth}") for nth in range(3)]
    held = ((alone, "RULE:large"), (beside, "RULE:large"), (beside, "ADDRESS"), (other, "RULE:large"))
    with sessions.begin() as session:
        session.execute(update(OrderRow).values(status="under_review"))
        for order_id in (alone, beside, other):
            by = number if order_id != other else None
            session.add(AuditRow(order_id=order_id, revision=1, findings=[], rule_set_id=by))
        session.add_all(HoldRow(order_id=order_id, code=code, reason="", owner_role="staff") for order_id, code in held)

    # when it is retired and looked at again, twice
    early = await ruler.post(f"/rule-sets/{number}/look-again")
    retired = await ruler.post(f"/rule-sets/{number}/retire", json={"reason": "over"})
    again = [(await ruler.post(f"/rule-sets/{number}/look-again")).json() for _ in range(2)]

    # then the order that it holds alone is audited again, once
    assert_problem(early, 409, "refused")
    assert (retired.json()["status"], retired.json()["held_orders"]) == ("retired", 1)
    assert again == [{"asked": 1, "left": 0}, {"asked": 0, "left": 0}]
    with sessions() as session:
        asked = session.scalars(select(PartnerEventRow)).one()
        assert (asked.partner, asked.type, asked.subject) == ("channel", "order.changed", "tmall/TM-0")
    log = (await ruler.get(f"/rule-sets/{number}/log")).json()["items"]
    assert (log[-1]["what"], log[-1]["data"]) == ("looked_again", {"orders": 1})
