"""Sourcing decisions of orders, and trials of other weights and policies over recorded decisions."""

from typing import Any

import pytest

from activities.allocate import Allocate
from activities.reserve import StockRequest
from commands.keys import create_key
from models.database import Sessions
from tests.api.conftest import Api, Connect, assert_problem, fields
from tests.factories import LAMP, TEACUP, an_order, fresh_outlooks, place_orders, stock_shop


@pytest.fixture
def lin(connect: Connect, sessions: Sessions) -> Api:
    return connect(create_key(sessions, "Lin of sales", "rules"))


@pytest.fixture
def sourced(sessions: Sessions) -> list[str]:
    """Three allocated orders: two from nearby Hangzhou, and one that only Chengdu has in stock."""
    stock_shop(sessions, {"HANGZHOU": {LAMP: 50}, "CHENGDU": {LAMP: 50, TEACUP: 50}})
    baskets = ([(LAMP, 1)], [(LAMP, 3)], [(TEACUP, 1)])
    names = place_orders(sessions, [an_order(basket) for basket in baskets], "accepted")
    allocate = Allocate(sessions, fresh_outlooks())
    for name in names:
        allocate.allocate_stock(StockRequest(name, 1))
    return names


async def test_an_order_shows_why_these_locations_were_chosen(viewer: Api, sourced: list[str]) -> None:
    # when
    shown = (await viewer.get(f"/orders/{sourced[0]}/sourcing")).json()

    # then
    (decision,) = shown["decisions"]
    assert decision["assignments"] == {"HANGZHOU": {LAMP: 1}}
    assert decision["reason"].startswith("balanced: HANGZHOU has all")
    assert [score["location_id"] for score in decision["scores"]] == ["HANGZHOU", "CHENGDU"]
    assert decision["scores"][0]["total"] == sum(decision["scores"][0]["terms"].values())


async def test_another_channel_does_not_see_the_decisions(shop: Api, sourced: list[str]) -> None:
    assert_problem(await shop.get(f"/orders/{sourced[0]}/sourcing"), 404, "not-found")


async def test_the_weights_in_force_decide_the_same_again(lin: Api, sourced: list[str]) -> None:
    # when
    shown = (await lin.post("/sourcing/trials", json={"tries": [{"name": "as it is"}]})).json()

    # then
    assert (shown["decisions"], shown["complete"], shown["currency"]) == (3, True, "CNY")
    assert shown["tried"]["as it is"] == shown["done"]
    assert shown["done"]["load"] == {"CHENGDU": 1, "HANGZHOU": 4}
    assert shown["done"]["parcels"] == 3


async def test_a_trial_compares_other_weights_with_what_was_done(lin: Api, sourced: list[str]) -> None:
    # given weights without load and freight, so that locations differ only in their lead time
    tries = [
        {"name": "near", "policies": ["nearest"]},
        {"name": "few, else near", "policies": [{"policy": "cheapest", "most_parcels": 1}, "nearest"]},
        {"name": "only time", "weights": {"hour": 90, "percent": {"freight": 0, "processing": 0}}},
    ]

    # when
    shown = (await lin.post("/sourcing/trials", json={"orders": 2, "tries": tries})).json()

    # then
    assert shown["decisions"] == 2
    assert list(shown["tried"]) == [one["name"] for one in tries]
    assert all(other["cost_minor"] >= shown["done"]["cost_minor"] for other in shown["tried"].values())
    assert set(shown["tried"]["near"]) == set(shown["done"])


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"orders": 0}, "orders"),
        ({"tries": []}, "tries"),
        ({"tries": [{"name": "x", "policies": ["furthest"]}]}, "tries[0].policies[0]"),
        ({"tries": [{"name": "x", "weights": {"hour": -1}}]}, "tries[0].weights.hour"),
        ({"tries": [{"name": "x", "weights": {"percent": {"speed": 10}}}]}, "tries[0].weights.percent.speed"),
        ({"since": "yesterday"}, "since"),
    ],
)
async def test_an_invalid_trial_is_refused_by_its_field(manager: Api, change: dict[str, Any], field: str) -> None:
    answer = await manager.post("/sourcing/trials", json={"tries": [{"name": "x"}]} | change)
    assert any(name.startswith(field) for name in fields(assert_problem(answer, 422, "invalid")))


async def test_only_writers_of_rules_may_try_other_sourcing(viewer: Api, tmall: Api) -> None:
    for caller in (viewer, tmall):
        assert_problem(await caller.post("/sourcing/trials", json={"tries": [{"name": "x"}]}), 403, "forbidden")
