"""A process is killed every few seconds while orders come in: each acknowledged order is there once and ends, and
`baton verify` is clean, without a person.

`CHAOS_MINUTES=1 CHAOS_ORDERS=200` is the run of a minute, `WORKERS=2 CHAOS_MINUTES=10 CHAOS_ORDERS=2000` a long one;
`CHAOS_SEED` kills in another sequence.
"""

import os
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
from sqlalchemy.exc import DBAPIError

from embedded.supervisor import Supervisor
from tests.baton import order_body
from tests.e2e.chaos import Chaos
from tests.e2e.stack import RunningStack

MINUTES = float(os.environ.get("CHAOS_MINUTES", "0.3"))
ORDERS = int(os.environ.get("CHAOS_ORDERS", "12"))
SEED = int(os.environ.get("CHAOS_SEED", "15"))
CHANNELS = 4
# A step that keeps failing is retried every five minutes.
PATIENCE_SECONDS = 900.0
PACE = MINUTES * 60 / ORDERS * CHANNELS


class Shop:
    """Channels that each send an order every `PACE` seconds at most, until it is acknowledged."""

    def __init__(self, stack: RunningStack) -> None:
        self.acknowledged: dict[str, str] = {}
        self.stack = stack

    def send(self, number: int) -> None:
        body, began = order_body(f"CHAOS-{number}"), time.monotonic()
        while not self._try(body):
            assert time.monotonic() - began < PATIENCE_SECONDS, f"order {number} was never taken"
            time.sleep(0.5)
        time.sleep(max(0.0, PACE - (time.monotonic() - began)))

    def _try(self, body: dict[str, Any]) -> bool:
        try:
            answer = self.stack.api.post("/orders", json=body)
        except httpx2.TransportError:
            return False
        if answer.status_code >= 500:
            assert answer.status_code == 503, answer.text
            return False
        assert answer.status_code in (200, 202), answer.text
        self.acknowledged[body["channel_order_id"]] = answer.json()["order_id"]
        return True


def test_every_acknowledged_order_is_there_once_and_ends(stack: RunningStack) -> None:
    # Given a shop that takes orders, and what `baton up` does for a part that ends
    shop, chaos, told = Shop(stack), Chaos(stack.embedded, SEED), list[str]()
    with Supervisor(stack.embedded.parts, told.append):
        # When something is killed every few seconds
        sys.stdout.write(f"\nCHAOS_SEED={SEED}\n")
        with ThreadPoolExecutor(CHANNELS + 1) as threads:
            raging = threads.submit(chaos.rage, MINUTES * 60)
            list(threads.map(shop.send, range(ORDERS)))
            raging.result()
        sys.stdout.write("\n".join(chaos.log) + "\n")

        # Then each acknowledged order is there once and ends
        orders = sorted(shop.acknowledged.values())
        assert until_ended(stack, orders) == Counter(completed=ORDERS), told
        there = stack.rows("SELECT channel_order_id, order_id FROM orders WHERE channel_order_id LIKE 'CHAOS-%'")
        assert len(there) == ORDERS
        assert {row.channel_order_id: row.order_id for row in there} == shop.acknowledged

    # And nothing is wrong in the record
    stack.verify()


def until_ended(stack: RunningStack, orders: list[str]) -> Counter[str]:
    """Count the orders by status, once all are completed and all messages are sent, or after PATIENCE_SECONDS."""
    sql = "SELECT status, count(*) AS number FROM orders WHERE order_id = ANY(:orders) GROUP BY status"
    waiting = "SELECT FROM messages WHERE order_id = ANY(:orders) AND sent_at IS NULL LIMIT 1"
    give_up, counted = time.monotonic() + PATIENCE_SECONDS, Counter[str]()
    while time.monotonic() < give_up:
        try:
            counted = Counter({row.status: row.number for row in stack.rows(sql, orders=orders)})
            if counted["completed"] == ORDERS and not stack.rows(waiting, orders=orders):
                break
        except DBAPIError:
            # The database restarts.
            pass
        time.sleep(2)
    return counted
