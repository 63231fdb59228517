"""Subscribers get events through the relay and the real Temporal, beside the orders and without delaying them."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from tests.baton import Baton, eventually
from tests.docs.schema import mistakes
from tests.docs.test_asyncapi import MESSAGES
from tests.record.receiver import Receiver, Reply, receiving
from workflows.deliver import DeliveryInput, DeliveryWorkflow


@pytest.fixture
def receiver() -> Iterator[tuple[Receiver, str]]:
    with receiving() as found:
        yield found


async def subscribe(baton: Baton, url: str, **fields: Any) -> dict[str, Any]:
    answer = await baton.api.post("/subscriptions", json={"url": url, "types": ["*"]} | fields)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def end(baton: Baton, *subscriptions: dict[str, Any]) -> None:
    for one in subscriptions:
        await baton.api.delete(f"/subscriptions/{one['subscription_id']}")


def of_order(events: Sequence[dict[str, Any]], order_id: str) -> list[str]:
    return [event["type"].removeprefix("com.baton.") for event in events if event["subject"] == order_id]


async def test_a_subscriber_gets_the_events_of_each_order_in_sequence_and_once(
    quick: Baton, receiver: tuple[Receiver, str]
) -> None:
    # given
    subscription = await subscribe(quick, receiver[1])

    # when
    orders = [await quick.order("heard") for _ in range(2)]
    for order_id in orders:
        await quick.until_status(order_id, "completed")
    await eventually(
        lambda: _received_types(receiver[0], orders),
        lambda stories: all(story[-1:] == ["order.completed"] for story in stories),
    )

    # then
    for order_id in orders:
        story = of_order(receiver[0].events, order_id)
        log = [event["type"] for event in await quick.events(order_id)]
        assert story == [event for event in log if event in story]
        assert story[:2] == ["order.received", "payment.captured"]
        assert {"fulfillment_order.shipped", "fulfillment_order.delivered", "shipment.booked"} <= set(story)
    assert len({event["id"] for event in receiver[0].events}) == len(receiver[0].events)
    assert receiver[0].verified_by(subscription["secret"])
    schemas = {kind: message["payload"] for kind, message in MESSAGES.items()}
    assert [wrong for event in receiver[0].events for wrong in mistakes(event, schemas[event["type"]])] == []
    await end(quick, subscription)


async def _received_types(receiver: Receiver, orders: Sequence[str]) -> list[list[str]]:
    return [of_order(receiver.events, order_id) for order_id in orders]


async def test_a_slow_receiver_delays_neither_orders_nor_other_receivers(
    quick: Baton, receiver: tuple[Receiver, str]
) -> None:
    # given
    with receiving() as (slow, slow_url):
        slow.replies = [Reply(late=8)] * 1_000
        both = await subscribe(quick, slow_url), await subscribe(quick, receiver[1])

        # when
        orders = [await quick.order("beside") for _ in range(2)]
        for order_id in orders:
            await quick.until_status(order_id, "completed")

        # then
        await eventually(
            lambda: _received_types(receiver[0], orders),
            lambda stories: all(story[-1:] == ["order.completed"] for story in stories),
        )
        await end(quick, *both)


async def test_a_ping_and_a_failure_are_in_the_log(quick: Baton, receiver: tuple[Receiver, str]) -> None:
    # given
    subscription = await subscribe(quick, receiver[1], types=["com.baton.refund.*"])
    path = f"/subscriptions/{subscription['subscription_id']}"
    receiver[0].replies = [Reply(400, body="not today")]

    async def delivery() -> dict[str, Any]:
        return dict((await quick.api.get(f"{path}/deliveries")).json()["items"][0])

    # when
    asked = await quick.api.post(f"{path}/ping")
    failed = await eventually(delivery, lambda found: found["tries"] == 1)
    await quick.api.post(f"{path}/deliveries/{asked.json()['delivery_id']}/redeliver")
    taken = await eventually(delivery, lambda found: found["state"] == "delivered")

    # then
    assert (failed["status"], failed["answer"], failed["state"]) == (400, "not today", "waiting")
    assert '"com.baton.ping"' in taken["body"]
    await end(quick, subscription)


async def test_a_run_continues_as_new_until_nothing_is_due(quick: Baton, receiver: tuple[Receiver, str]) -> None:
    # given
    subscription = await subscribe(quick, receiver[1], active=False)
    name = subscription["subscription_id"]
    with quick.sessions.begin() as session:
        session.connection().exec_driver_sql(
            "INSERT INTO deliveries (subscription_id, message_id, type) "
            f"SELECT '{name}', 'ping_' || n, 'com.baton.ping' FROM generate_series(1, 450) AS n"
        )
        session.connection().exec_driver_sql(
            f"UPDATE subscriptions SET active = true, not_before = now() WHERE subscription_id = '{name}'"
        )

    # when
    outcome = await quick.client.execute_workflow(
        DeliveryWorkflow.run, DeliveryInput(name, batches=1), id=f"by-hand/{name}", task_queue=quick.settings.task_queue
    )

    # then
    assert outcome.failed == 0
    await eventually(lambda: _count(receiver[0]), lambda ids: len(ids) == 450)
    await end(quick, subscription)


async def _count(receiver: Receiver) -> set[str]:
    return {event["id"] for event in receiver.events}


async def test_parked_messages_are_sent_again_after_their_orders_have_ended(quick: Baton) -> None:
    # given
    orders = [await quick.order("parked") for _ in range(2)]
    for order_id in orders:
        await quick.until_status(order_id, "completed")
    ours = "order_id = ANY(:orders) AND recipient = 'erp'"
    await eventually(
        lambda: _rows(quick, f"SELECT 1 FROM messages WHERE {ours} AND sent_at IS NULL", orders), lambda rows: not rows
    )
    with quick.sessions.begin() as session:
        session.connection().exec_driver_sql(
            "UPDATE messages SET sent_at = NULL, parked_at = now() WHERE recipient = 'erp' AND order_id = ANY(%s)",
            (orders,),
        )

    # when
    asked = await quick.api.post("/messages/redeliver", json={"recipient": "erp"})
    sent = await eventually(
        lambda: _rows(quick, f"SELECT order_id, milestone FROM messages WHERE {ours} AND sent_at IS NOT NULL", orders),
        lambda rows: len(rows) == asked.json()["messages"],
    )

    # then
    milestones = defaultdict(set)
    for order_id, milestone in sent:
        milestones[order_id].add(milestone)
    assert dict(milestones) == {order_id: {"received", "shipped", "delivered"} for order_id in orders}


async def _rows(baton: Baton, sql: str, orders: list[str]) -> Sequence[Any]:
    return baton.rows(sql, orders=orders)
