"""Many orders while every recipient is in trouble: the orders complete, and no recipient misses a message.

TROUBLED_ORDERS of them, 8 by default, run through all of Baton; 500 take some minutes. For ANNOUNCED_ORDERS others, 60
by default, only messages are tested: their rows are complete, with all messages still to send.
"""

import os
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from sqlalchemy import text

from domain.milestones import RECIPIENTS
from tests.baton import order_body
from tests.e2e.once import MILESTONES
from tests.e2e.stack import PATIENCE_SECONDS, RunningStack

CARRIED = int(os.environ.get("TROUBLED_ORDERS", "8"))
ANNOUNCED = int(os.environ.get("ANNOUNCED_ORDERS", "60"))
SECONDS = PATIENCE_SECONDS + CARRIED
TROUBLES: dict[str, dict[str, Any]] = {
    "erp": {"kind": "down"},
    "crm": {"kind": "slow", "seconds": 1.5},
    "channel": {"kind": "lying"},
    "inbox": {"kind": "lost_answer", "every": 2},
}
PLACE = text("""
    INSERT INTO orders (order_id, channel, channel_order_id, request_hash, content_hash, status, placed_at, customer_id,
        currency, discount_minor, shipping_minor, tax_minor, grand_total_minor, payment_reference, payment_method,
        country, province, receiver, remarks, tags, units, workflow_started_at, ended_at)
    SELECT '01TR' || lpad(CAST(n AS text), 22, '0'), 'troubled', 'TROUBLED-' || n, '', 0, 'completed', now(), 'C-' || n,
        'CNY', 0, 0, 0, 1000, '', '', 'CN', '', '{}', '', '[]', 1, now(), now() FROM generate_series(1, :orders) AS n
    RETURNING order_id
""")
ANNOUNCE = text("""
    INSERT INTO messages (message_id, order_id, recipient, milestone, data)
    SELECT concat_ws(':', order_id, milestone, recipient), order_id, recipient, milestone, '{}'
    FROM unnest(:orders) WITH ORDINALITY AS one(order_id, n), unnest(:recipients) AS recipient,
        unnest(:milestones) WITH ORDINALITY AS they(milestone, place)
    ORDER BY n, place
""")


@pytest.fixture
def mended(stack: RunningStack) -> Iterator[None]:
    """Reset the partners after the test."""
    yield
    for partner in TROUBLES:
        trouble(stack, partner, kind="none")


def test_recipients_in_trouble_get_each_milestone_once_and_in_order(stack: RunningStack, mended: None) -> None:
    # Given a partner that is down, a slow one, one that lies, and one that loses every other answer
    for partner, how in TROUBLES.items():
        trouble(stack, partner, **how)

    # When many orders have messages, others come, and the worker dies
    orders = [*announced(stack), *(carried := placed(stack))]
    stack.until("some are delivered", lambda: completed(stack, orders) > ANNOUNCED + CARRIED // 3, SECONDS)
    stack.kill("worker")
    trouble(stack, "inbox", kind="twice")
    stack.start("worker")

    # Then all are delivered, though not all recipients know
    stack.until("all are delivered", lambda: completed(stack, orders) == ANNOUNCED + CARRIED, SECONDS)
    assert taken(stack, "erp", orders) == taken(stack, "channel", orders) == {}
    # An order says twice to whom its messages are handed, and after the kill perhaps again: it waits for no recipient.
    assert max(tries_to_notify(stack, order_id) for order_id in carried[:: CARRIED // 8]) <= 2 + 2

    # When the partners are well again
    for partner in TROUBLES:
        trouble(stack, partner, kind="none")
    stack.until("every message is sent", lambda: not unsent(stack, orders), SECONDS)

    # Then each has every milestone of every order once and in order, and nothing is parked
    for recipient in RECIPIENTS:
        assert taken(stack, recipient, orders) == {order_id: list(MILESTONES) for order_id in orders}, recipient
    assert stack.rows("SELECT FROM messages WHERE parked_at IS NOT NULL") == []
    stack.verify()


def trouble(stack: RunningStack, partner: str, **how: Any) -> None:
    stack.simulators.put(f"/{partner}/trouble", json=how).raise_for_status()


def announced(stack: RunningStack) -> list[str]:
    """Store completed orders with a message of each milestone to every recipient."""
    with stack.record.begin() as session:
        orders = list(session.scalars(PLACE, {"orders": ANNOUNCED}))
        everything = {"orders": orders, "milestones": list(MILESTONES), "recipients": list(RECIPIENTS)}
        session.execute(ANNOUNCE, everything)
    return orders


def placed(stack: RunningStack) -> list[str]:
    """Place orders in one request."""
    bodies = [order_body(f"TROUBLED-{number}", lines=[("DESK-CLOCK", 1, "60.00")]) for number in range(CARRIED)]
    answer = stack.api.post("/orders:batch", json=bodies).raise_for_status()
    return [item["order_id"] for item in answer.json()["items"]]


def completed(stack: RunningStack, orders: Sequence[str]) -> int:
    sql = "SELECT count(*) FROM orders WHERE order_id = ANY(:orders) AND status = 'completed'"
    return int(stack.rows(sql, orders=list(orders))[0].count)


def unsent(stack: RunningStack, orders: Sequence[str]) -> int:
    sql = "SELECT count(*) FROM messages WHERE order_id = ANY(:orders) AND sent_at IS NULL"
    return int(stack.rows(sql, orders=list(orders))[0].count)


def tries_to_notify(stack: RunningStack, order_id: str) -> int:
    workflows = stack.api.get(f"/orders/{order_id}/history").raise_for_status().json()["workflows"]
    steps = [step for workflow in workflows for step in workflow["happenings"]]
    return sum(step["attempts"] for step in steps if step["name"] == "notify")


def taken(stack: RunningStack, recipient: str, orders: Sequence[str]) -> dict[str, list[str]]:
    """The milestones that a recipient has by order, as they came, without repeats."""
    ours, found = set(orders), dict[str, list[str]]()
    for message in stack.simulators.get(f"/{recipient}/messages").raise_for_status().json()["messages"]:
        if message["order_id"] in ours:
            found.setdefault(message["order_id"], []).append(message["milestone"])
    return found
