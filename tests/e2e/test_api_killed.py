"""The API is killed during a burst: acknowledged orders are there once, others may be sent again.

HAIL_ORDERS is how many orders come, 12 by default: the API is killed once in twelve.
"""

import os
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import Any

import httpx2

from tests.baton import order_body
from tests.e2e.once import assert_done_once
from tests.e2e.stack import RunningStack

ORDERS = int(os.environ.get("HAIL_ORDERS", "12"))
KILLS_AT = range(2, ORDERS - 9, 12)
CHANNELS = 8
PATIENCE_SECONDS = 120.0


@dataclass
class Sender:
    """A channel that sends each order until it is acknowledged, and notes each acknowledgment.

    It kills the API at once when `kill_at` orders are acknowledged: by then it cannot have sent all of them.
    """

    stack: RunningStack
    acknowledged: dict[str, set[str]] = field(default_factory=dict)
    interrupted: int = 0
    kill_at: int = 0
    killed: Event = field(default_factory=Event)
    noting: Lock = field(default_factory=Lock)

    def send(self, body: dict[str, Any]) -> None:
        give_up = time.monotonic() + PATIENCE_SECONDS
        while not self._try(body):
            assert time.monotonic() < give_up, f"{body['channel_order_id']} was never taken"
            time.sleep(0.2)

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
        with self.noting:
            self.acknowledged.setdefault(body["channel_order_id"], set()).add(answer.json()["order_id"])
            if 0 < self.kill_at <= len(self.acknowledged):
                self.kill_at = 0
                self.stack.kill("api")
                self.killed.set()
        return True


def test_killing_the_api_loses_and_doubles_no_order(stack: RunningStack) -> None:
    # Given a burst of orders, each sent until it is acknowledged
    bodies = [order_body(f"HAIL-{number}") for number in range(ORDERS)]
    sender = Sender(stack)

    # When the API is killed and started again in the middle of it
    with ThreadPoolExecutor(1) as channel:
        sender.kill_at = KILLS_AT[0]
        burst = channel.submit(sender.send_all, bodies)
        for kill_next_at in [*KILLS_AT[1:], 0]:
            assert sender.killed.wait(PATIENCE_SECONDS)
            sender.killed.clear()
            stack.start("api")
            sender.kill_at = kill_next_at
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
