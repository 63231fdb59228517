"""C15: quotas of keys and channels by requests, items and bytes, shown in headers and counted."""

import json

import pytest

from api.access import Caller, Role
from api.errors import Problem
from api.quotas import Quota, Quotas
from commands.keys import create_key
from domain.service_levels import NORMAL, Allowance
from models.database import Sessions
from settings import Settings
from tests.api.conftest import assert_problem, order_body, running

ALLOWED = {"requests": Quota(1, 2), "items": Quota(1, 4), "bytes": Quota(10, 100)}


def caller(key_id: str, channel: str | None = None) -> Caller:
    return Caller(key_id, key_id, Role.CHANNEL if channel else Role.STAFF, channel)


def test_keys_of_a_channel_share_the_channels_quota() -> None:
    refused: list[tuple[str, str]] = []
    quotas = Quotas(ALLOWED, 1.5, lambda unit, whose: refused.append((unit, whose)))

    # given two keys of a channel, of which the first uses up its own quota
    for _ in range(2):
        quotas.charge(caller("one", "web"), "requests", 1)
    with pytest.raises(Problem, match="too-many"):
        quotas.charge(caller("one", "web"), "requests", 1)

    # when the second asks, then it gets the rest of the channel's quota and no more
    quotas.charge(caller("two", "web"), "requests", 1)
    with pytest.raises(Problem, match="too-many"):
        quotas.charge(caller("two", "web"), "requests", 1)

    # and another channel has lost nothing
    quotas.charge(caller("three", "shop"), "requests", 1)
    assert refused == [("requests", "key"), ("requests", "channel")]


def test_the_remaining_quota_is_shown_as_in_the_ietf_draft() -> None:
    quotas = Quotas(ALLOWED, 1)
    quotas.charge(caller("one", "web"), "bytes", 40)
    assert quotas.policy == (
        '"requests";q=2;w=2;qu="requests", "items";q=4;w=4;qu="items", "bytes";q=100;w=10;qu="content-bytes"'
    )
    assert quotas.remaining(caller("two", "web")).split(", ")[2] == '"bytes";r=60;t=4'
    assert quotas.remaining(caller("three")) == '"requests";r=2;t=0, "items";r=4;t=0, "bytes";r=100;t=0'


async def test_a_batch_is_charged_by_its_items_and_a_body_by_its_bytes(settings: Settings, sessions: Sessions) -> None:
    keys = [create_key(sessions, name, "channel", channel) for name, channel in (("a", "tmall"), ("b", "shop"))]
    small = {"item_limit": 0.01, "byte_limit": 1_000_000.0}
    async with running(settings.model_copy(update=small | {"item_limit": 5.0})) as connect:
        tmall, shop = connect(keys[0]), connect(keys[1])
        batch = [order_body(channel_order_id=f"T-{number}") for number in range(30)]

        # when a batch larger than the quota is sent, it is accepted as a debt
        answer = await tmall.post("/orders:batch", json=batch)
        assert {item["status"] for item in answer.json()["items"]} == {202}
        assert answer.headers["ratelimit"].startswith('"requests";r=')
        refused = await tmall.get("/orders")

        # then the next call must wait, with figures, and another channel has lost nothing
        assert_problem(refused, 429, "too-many")
        assert int(refused.headers["retry-after"]) >= 3
        assert refused.headers["ratelimit"].startswith('"items";r=0;t=')
        assert (await shop.get("/orders")).status_code == 200


async def test_a_body_beyond_the_byte_quota_is_refused(settings: Settings, sessions: Sessions) -> None:
    key = create_key(sessions, "a", "channel", "tmall")
    async with running(settings.model_copy(update={"byte_limit": 100.0})) as connect:
        tmall = connect(key)
        assert (await tmall.post("/orders", json=order_body())).status_code == 202
        refused = await tmall.post("/orders", content=json.dumps(order_body()))
        assert_problem(refused, 429, "too-many")
        assert refused.headers["ratelimit"].startswith('"bytes";r=0;t=')


def test_a_channel_that_marks_all_orders_express_gains_only_its_share() -> None:
    """sec_17: priorities come before the fair turns of channels."""
    allowance = Allowance(share=0.2, at_once=10)

    levels = [allowance.urgency("web", ["express"]) for _ in range(150)]

    # ten at once, and a fifth of all orders
    urgent = sum(level < NORMAL for level in levels)
    assert 10 <= urgent <= 10 + 0.25 * 150
    assert allowance.urgency("shop", ["express"]) < NORMAL
    # A channel that marks few of its orders as urgent has all of these go first.
    honest = [allowance.urgency("shop", ["same-day"] if number % 5 == 0 else []) for number in range(100)]
    assert sum(level < NORMAL for level in honest) == 20


async def test_the_subscriptions_of_a_key_are_limited(settings: Settings, sessions: Sessions) -> None:
    """sec_12: without a limit the receivers of one key could take all senders."""
    keys = [create_key(sessions, name, "channel", channel) for name, channel in (("a", "tmall"), ("b", "shop"))]
    update = {"subscriptions_most": 2, "subscriptions_private": True}
    async with running(settings.model_copy(update=update)) as connect:
        tmall, shop = connect(keys[0]), connect(keys[1])
        body = {"url": "http://127.0.0.1:9/", "types": ["*"]}
        statuses = [(await tmall.post("/subscriptions", json=body)).status_code for _ in range(3)]
        assert statuses == [201, 201, 429]
        assert (await shop.post("/subscriptions", json=body)).status_code == 201
