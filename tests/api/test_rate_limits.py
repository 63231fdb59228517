"""Rate limits: no caller and no channel takes more than its share."""

import pytest

from api.errors import Problem
from api.rate_limits import RateLimit
from commands.keys import create_key
from models.database import Sessions
from settings import Settings
from tests.api.conftest import assert_problem, order_body, running


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_gives_its_burst_and_then_its_rate() -> None:
    # given a bucket of three tokens into which two a second flow
    clock = Clock()
    limit = RateLimit(rate=2, burst=3, now=clock)

    # when the burst is used up
    for _ in range(3):
        limit.take("shop")

    # then the next request must wait, and another caller's need not
    with pytest.raises(Problem) as refused:
        limit.take("shop")
    assert refused.value.headers == {"Retry-After": "1"}
    limit.take("tmall")
    clock.now = 0.5
    limit.take("shop")
    with pytest.raises(Problem):
        limit.take("shop")


def test_a_request_larger_than_the_bucket_passes_and_the_next_one_waits_for_the_debt() -> None:
    clock = Clock()
    limit = RateLimit(rate=10, burst=10, now=clock)
    limit.take("shop", 100)
    with pytest.raises(Problem) as refused:
        limit.take("shop")
    assert refused.value.headers == {"Retry-After": "10"}
    clock.now = 9.2
    limit.take("shop")


async def test_a_key_that_asks_too_often_is_told_when_to_come_back(settings: Settings, sessions: Sessions) -> None:
    keys = [create_key(sessions, name, "staff") for name in ("Sun of support", "Mo the manager")]
    async with running(settings.model_copy(update={"rate_limit": 0.5, "rate_burst": 2})) as connect:
        often, rarely = connect(keys[0]), connect(keys[1])
        for _ in range(2):
            assert (await often.get("/orders")).status_code == 200
        refused = await often.get("/orders")
        assert_problem(refused, 429, "too-many")
        assert refused.headers["retry-after"] == "2"
        assert (await rarely.get("/orders")).status_code == 200


async def test_a_channel_with_too_many_orders_waiting_is_refused_and_others_are_not(
    settings: Settings, sessions: Sessions
) -> None:
    key = create_key(sessions, "Sun of support", "staff")
    async with running(settings.model_copy(update={"channel_backlog": 2})) as connect:
        staff = connect(key)
        for number in range(2):
            assert (await staff.post("/orders", json=order_body(channel_order_id=f"T-{number}"))).status_code == 202
        refused = await staff.post("/orders", json=order_body(channel_order_id="T-3"))
        assert_problem(refused, 429, "too-many")
        assert refused.headers["retry-after"] == "5"
        assert (await staff.post("/orders", json=order_body(channel="shop"))).status_code == 202
