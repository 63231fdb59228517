"""Processes are killed under orders in mid-flow: nothing is lost and nothing is done twice."""

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
from temporalio.client import Client, WorkflowHandle

from tests.e2e.running import Running
from tests.faults.once import assert_done_once
from tests.house import order_body

# The server learns that a step died with its worker when the step's time is over, of messages after two minutes.
AFTER_A_KILL = 240.0
# A relay's lease on an order is 30 seconds, and a webhook is tried again ever more rarely, at last every 30 seconds.
AFTER_AN_OUTAGE = 120.0
MOMENTS = ("fulfillment_order.released", "fulfillment_order.packed", "shipment.booked", "fulfillment_order.shipped")


def test_orders_outlive_their_workers(baton: Running) -> None:
    # Given orders that come in waves
    orders: list[str] = []
    for moment in MOMENTS:
        wave = baton.place_many("KILLED", 5)
        orders += wave

        # When the worker is killed while the wave is at one step after the other
        baton.until_event(moment, wave, times=2)
        baton.kill("worker")
        baton.start("worker")

    # Then every order goes its way, and nothing was done twice
    baton.until_ended(orders, seconds=AFTER_A_KILL)
    assert_done_once(baton, orders)


def test_an_order_that_was_acknowledged_is_there_when_the_api_was_killed(baton: Running) -> None:
    # Given a burst of orders
    bodies = [order_body(f"BURST-{number}") for number in range(24)]
    acknowledged: dict[str, str] = {}

    def send(body: dict[str, Any]) -> int:
        try:
            answer = baton.api.post("/orders", json=body)
        except httpx2.TransportError:
            return 0
        if answer.is_success:
            acknowledged[body["channel_order_id"]] = answer.json()["order_id"]
        return answer.status_code

    # When the API is killed in the middle of it
    with ThreadPoolExecutor(8) as channels:
        burst = [channels.submit(send, body) for body in bodies]
        baton.until("the first orders are acknowledged", lambda: len(acknowledged) >= 8)
        baton.kill("api")
    assert {sent.result() for sent in burst} == {202, 0}
    before = dict(acknowledged)
    baton.start("api")

    # Then what was acknowledged is known as such, and what was not may be sent again
    assert {send(body) for body in bodies} <= {200, 202}
    assert before.items() <= acknowledged.items()

    # And each is there once and goes its way
    sql = "SELECT order_id FROM orders WHERE channel_order_id LIKE 'BURST-%'"
    assert sorted(row.order_id for row in baton.rows(sql)) == sorted(acknowledged.values())
    assert len(set(acknowledged.values())) == len(bodies)
    baton.until_ended([*acknowledged.values()], seconds=AFTER_AN_OUTAGE)
    assert_done_once(baton, [*acknowledged.values()])


def test_orders_outlive_a_restart_of_postgresql(baton: Running) -> None:
    # Given orders under way
    orders = baton.place_many("DATABASE", 12)
    baton.until_event("fulfillment_order.released", orders, times=3)

    # When PostgreSQL is stopped under them and started again
    baton.stack.postgres.stop()
    baton.stack.postgres.start()

    # Then every order goes its way
    baton.until_ended(orders, seconds=AFTER_AN_OUTAGE)
    assert_done_once(baton, orders)


def test_orders_outlive_a_killed_temporal_and_come_in_while_it_is_down(baton: Running) -> None:
    # Given orders under way
    orders = baton.place_many("ENGINE", 10)
    baton.until_event("fulfillment_order.packed", orders, times=3)

    # When Temporal is killed, and more orders come
    baton.kill("temporal")
    orders += baton.place_many("NO-ENGINE", 5)
    baton.start("temporal")

    # Then every order goes its way
    baton.until_ended(orders, seconds=AFTER_AN_OUTAGE)
    assert_done_once(baton, orders)


async def test_orders_wait_for_partners_that_are_down(baton: Running) -> None:
    # Given orders that wait for a person
    orders = held_orders(baton, 10)
    baton.until("everybody knows of them", lambda: not untold(baton, orders))

    # When they are released while no partner is there, and each has tried in vain
    baton.kill("simulators")
    for order_id in orders:
        assert baton.api.post(f"/orders/{order_id}/holds/ADDRESS/release", json={"note": "known"}).status_code == 200
    await until_picks_have_failed(baton, orders)
    baton.start("simulators")

    # Then every order goes its way; what the partners were told before, they have forgotten
    baton.until_ended(orders, seconds=AFTER_AN_OUTAGE)
    assert_done_once(baton, orders, told=("shipped", "delivered"))


def held_orders(baton: Running, number: int) -> list[str]:
    """Orders whose address has no street."""
    address = {"name": "Lin Xia", "phone": "+8613800138000", "country": "CN", "province": "广东省", "city": "深圳市"}
    orders = baton.place_many("HELD", number, ship_to=address)
    baton.until_event("order.held", orders, times=number)
    return orders


def untold(baton: Running, orders: Sequence[str]) -> int:
    sql = "SELECT count(*) FROM messages WHERE order_id = ANY(:orders) AND sent_at IS NULL"
    return int(baton.rows(sql, orders=list(orders))[0].count)


async def until_picks_have_failed(baton: Running, orders: Sequence[str]) -> None:
    """Wait until each order has called the warehouse at least twice."""
    temporal = await Client.connect(baton.stack.temporal_address)
    give_up = time.monotonic() + 60
    for order_id in orders:
        handle = temporal.get_workflow_handle(baton.api.get(f"/orders/{order_id}").json()["workflow_id"])
        while not await calling_again(handle):
            assert time.monotonic() < give_up, f"{order_id} does not try again"
            await asyncio.sleep(0.05)


async def calling_again(handle: WorkflowHandle[Any, Any]) -> bool:
    pending = (await handle.describe()).raw_description.pending_activities
    return any(step.activity_type.name == "release_to_pick" and step.attempt > 1 for step in pending)
