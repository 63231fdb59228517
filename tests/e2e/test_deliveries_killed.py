"""A worker dies while it delivers events of many orders: each is taken once by its id, and in order.

TOLD_ORDERS is how many orders, 100 by default.
"""

import os
from collections.abc import Sequence

from sqlalchemy import text

from tests.e2e.stack import RunningStack
from tests.record.receiver import Receiver, Reply, receiving

ORDERS = int(os.environ.get("TOLD_ORDERS", "100"))
STORY = ("order.received", "order.accepted", "fulfillment_order.shipped", "order.completed")
# Orders that are complete already, so that only delivery is tested; they are removed again.
PLACE = text("""
    INSERT INTO orders (order_id, channel, channel_order_id, request_hash, content_hash, status, placed_at, customer_id,
        currency, discount_minor, shipping_minor, tax_minor, grand_total_minor, payment_reference, payment_method,
        country, province, receiver, remarks, tags, units, workflow_started_at)
    SELECT 'TOLD-' || n, 'told', 'TOLD-' || n, '', 0, 'completed', now(), 'C-' || n,
        'CNY', 0, 0, 0, 1000, '', '', 'CN', '', '{}', '', '[]', 1, now() FROM generate_series(1, :orders) AS n
""")
HAPPEN = text("""
    INSERT INTO order_events (order_id, type, key, actor, data)
    SELECT 'TOLD-' || n, :event, :event, 'baton', '{}' FROM generate_series(1, :orders) AS n
""")
UNSEALED = """
    SELECT FROM order_events WHERE order_id LIKE 'TOLD-%'
    AND NOT EXISTS (SELECT FROM event_seals WHERE event_seals.event_id = order_events.event_id)
"""
FORGET = (
    # Only a superuser may delete from the log.
    "SET LOCAL session_replication_role = replica",
    "DELETE FROM event_seals WHERE order_id LIKE 'TOLD-%'",
    "DELETE FROM order_events WHERE order_id LIKE 'TOLD-%'",
    "DELETE FROM orders WHERE channel = 'told'",
)


def test_a_killed_worker_loses_doubles_and_reorders_no_delivery(stack: RunningStack) -> None:
    # Given a subscriber, and the events of many orders, for one of which it takes its time
    with receiving() as (receiver, url):
        # The stack also carries orders of other tests; a channel of its own leaves them out.
        body = {"url": url, "types": ["*"], "channel": "told"}
        subscription = stack.api.post("/subscriptions", json=body).raise_for_status().json()["subscription_id"]
        receiver.replies = [Reply()] * ORDERS + [Reply(late=5)]
        happen(stack)

        # When the worker is killed in the middle of delivering
        stack.until("some are delivered", lambda: len(receiver.came) > ORDERS)
        assert len(receiver.came) < ORDERS * len(STORY)
        stack.kill("worker")
        stack.start("worker")

        # Then each event has come, and for the first time in the sequence of its order
        stack.until("all are taken", lambda: len(first_deliveries(receiver)) == ORDERS * len(STORY))
        stories: dict[str, list[str]] = {}
        for order_id, event in first_deliveries(receiver):
            stories.setdefault(order_id, []).append(event)
        assert stories == {f"TOLD-{number}": list(STORY) for number in range(1, ORDERS + 1)}

        # And no delivery is waiting any more
        path = f"/subscriptions/{subscription}"
        stack.until("all is written down", lambda: stack.api.get(path).json()["waiting"] == 0)
        stack.api.delete(path).raise_for_status()
    stack.until("the log is sealed", lambda: not stack.rows(UNSEALED))
    with stack.record.begin() as session:
        for forget in FORGET:
            session.execute(text(forget))
    stack.verify()


def happen(stack: RunningStack) -> None:
    with stack.record.begin() as session:
        session.execute(PLACE, {"orders": ORDERS})
        for event in STORY:
            session.execute(HAPPEN, {"orders": ORDERS, "event": event})


def first_deliveries(receiver: Receiver) -> Sequence[tuple[str, str]]:
    """The order and type of each event, without repeats of an event id."""
    known = dict[str, tuple[str, str]]()
    for event in receiver.events:
        known.setdefault(event["id"], (event["subject"], event["type"].removeprefix("com.baton.")))
    return list(known.values())
