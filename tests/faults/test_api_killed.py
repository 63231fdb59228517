"""The API is killed again and again during a burst: acknowledged orders are there once, others may be sent again."""

import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import httpx2

from tests.baton import order_body
from tests.e2e.stack import RunningStack
from tests.faults.once import assert_done_once

ORDERS = 40
KILLS_AT = (8, 20)
CHANNELS = 8
PATIENCE_SECONDS = 120.0


@dataclass
class Sender:
    """A channel that sends each order until it is acknowledged, and notes each acknowledgment."""

    stack: RunningStack
    acknowledged: dict[str, set[str]] = field(default_factory=dict)
    interrupted: int = 0

    def send(self, body: dict[str, Any]) -> None:
        give_up = time.monotonic() + PATIENCE_SECONDS
        while not self._try(body):
            assert time.monotonic() < give_up, f"{body['channel_order_id']} was never taken"
            time.sleep(0.05)

    def send_all(self, bodies: Iterable[dict[str, Any]]) -> None:
        with ThreadPoolExecutor(CHANNELS) as threads:
            list(threads.map(self.send, bodies))

    def _try(self, body: dict[str, Any]) -> bool:
        try:
            answer = self.stack.api.post("/orders", json=body)
        except httpx2.TransportError:
            self.interrupted += 1
            return False
        assert answer.status_code in (200, 202), answer.text
        self.acknowledged.setdefault(body["channel_order_id"], set()).add(answer.json()["order_id"])
        return True


def test_killing_the_api_again_and_again_loses_and_doubles_no_order(stack: RunningStack) -> None:
    # Given a burst of orders, each sent until it is acknowledged
    bodies = [order_body(f"HAIL-{number}") for number in range(ORDERS)]
    sender = Sender(stack)

    # When the API is killed and started again several times in the middle of it
    with ThreadPoolExecutor(1) as channel:
        burst = channel.submit(sender.send_all, bodies)
        for acknowledged in KILLS_AT:
            stack.until(
                f"{acknowledged} acknowledgments", lambda so_far=acknowledged: len(sender.acknowledged) >= so_far
            )
            assert not burst.done(), "the burst was over before the last kill"
            stack.kill("api")
            stack.start("api")
        burst.result()
    assert sender.interrupted >= len(KILLS_AT)

    # Then a channel may send everything again
    sender.send_all(bodies)

    # And each order is there once, under the id of every acknowledgment
    sql = "SELECT channel_order_id, order_id FROM orders WHERE channel_order_id LIKE 'HAIL-%'"
    there = {row.channel_order_id: {row.order_id} for row in stack.rows(sql)}
    assert len(stack.rows(sql)) == ORDERS
    assert there == sender.acknowledged

    # And each completes
    orders = [order_id for [order_id] in there.values()]
    stack.until_ended(orders, seconds=PATIENCE_SECONDS)
    assert_done_once(stack, orders)
