"""Processes are killed while orders are under way: nothing is lost and nothing is done twice.

WORKER_KILLS is how often the worker is killed, once by default: the more often, the more steps it is killed at.
"""

import asyncio
import os
import time
from collections.abc import Sequence
from typing import Any

from temporalio.client import Client, WorkflowHandle

from tests.e2e.once import assert_done_once
from tests.e2e.stack import RunningStack

# Temporal notices a step that died with its worker when its time is over, for messages after two minutes.
AFTER_A_KILL = 240.0
# The relay's lease on an order is 30 seconds, and retries of a webhook are at most 30 seconds apart.
AFTER_AN_OUTAGE = 120.0
KILLS = int(os.environ.get("WORKER_KILLS", "1"))
MOMENTS = ("fulfillment_order.released", "shipment.booked", "fulfillment_order.packed", "fulfillment_order.shipped")


def test_killed_workers_lose_and_double_no_order(stack: RunningStack) -> None:
    # Given orders that come in waves
    orders: list[str] = []
    for moment in MOMENTS[:KILLS]:
        wave = stack.place_many("KILLED", 4)
        orders += wave

        # When the worker is killed while the wave is at this step
        stack.until_event(moment, wave, times=2)
        stack.kill("worker")
        stack.start("worker")

    # Then every order completes, and nothing was done twice
    stack.until_ended(orders, seconds=AFTER_A_KILL)
    assert_done_once(stack, orders)


def test_orders_survive_a_restart_of_postgresql(stack: RunningStack) -> None:
    # Given orders under way
    orders = stack.place_many("DATABASE", 5)
    stack.until_event("fulfillment_order.released", orders, times=2)

    # When PostgreSQL is stopped under them and started again
    stack.embedded.postgres.stop()
    stack.embedded.postgres.start()

    # Then every order completes
    stack.until_ended(orders, seconds=AFTER_AN_OUTAGE)
    assert_done_once(stack, orders)


def test_orders_survive_a_killed_temporal_and_are_accepted_while_it_is_down(stack: RunningStack) -> None:
    # Given orders under way
    orders = stack.place_many("ENGINE", 4)
    stack.until_event("fulfillment_order.packed", orders, times=2)

    # When Temporal is killed, and more orders come
    stack.kill("temporal")
    orders += stack.place_many("NO-ENGINE", 2)
    stack.start("temporal")

    # Then every order completes
    stack.until_ended(orders, seconds=AFTER_AN_OUTAGE)
    assert_done_once(stack, orders)


async def test_orders_wait_for_partners_that_are_down(stack: RunningStack) -> None:
    # Given orders that wait for a person
    orders = held_orders(stack, 4)
    stack.until("their messages are sent", lambda: not unsent(stack, orders))

    # When they are released while all partners are down, and each has tried in vain
    stack.kill("simulators")
    for order_id in orders:
        assert stack.api.post(f"/orders/{order_id}/holds/ADDRESS/release", json={"note": "known"}).status_code == 200
    await until_picks_have_failed(stack, orders)
    stack.start("simulators")

    # Then every order completes; the simulators have lost the messages from before
    stack.until_ended(orders, seconds=AFTER_AN_OUTAGE)
    assert_done_once(stack, orders, milestones=("shipped", "delivered"))


def held_orders(stack: RunningStack, number: int) -> list[str]:
    """Place orders that are held, since their address has no street."""
    address = {"name": "Lin Xia", "phone": "+8613800138000", "country": "CN", "province": "广东省", "city": "深圳市"}
    orders = stack.place_many("HELD", number, ship_to=address)
    stack.until_event("order.held", orders, times=number)
    return orders


def unsent(stack: RunningStack, orders: Sequence[str]) -> int:
    sql = "SELECT count(*) FROM messages WHERE order_id = ANY(:orders) AND sent_at IS NULL"
    return int(stack.rows(sql, orders=list(orders))[0].count)


async def until_picks_have_failed(stack: RunningStack, orders: Sequence[str]) -> None:
    """Wait until each order has called the warehouse at least twice."""
    temporal = await Client.connect(stack.embedded.temporal_address)
    give_up = time.monotonic() + 60
    for order_id in orders:
        handle = temporal.get_workflow_handle(stack.api.get(f"/orders/{order_id}").json()["workflow_id"])
        while not await calling_again(handle):
            assert time.monotonic() < give_up, f"{order_id} does not try again"
            await asyncio.sleep(0.05)


async def calling_again(handle: WorkflowHandle[Any, Any]) -> bool:
    pending = (await handle.describe()).raw_description.pending_activities
    return any(step.activity_type.name == "release_to_pick" and step.attempt > 1 for step in pending)
