"""Five hundred orders while everybody who is told of them is in trouble: they go their way, and nobody misses a thing.

Thirty of them are carried through all of Baton, or as many as TROUBLED_ORDERS says: 500 take some minutes. Of the
others only the telling is tried: they stand in the record as orders do of which nobody took anything yet.
"""

import os
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from sqlalchemy import text

from domain.milestones import RECIPIENTS
from tests.baton import order_body
from tests.e2e.stack import PATIENCE_SECONDS, RunningStack
from tests.faults.once import MILESTONES

CARRIED, TOLD = int(os.environ.get("TROUBLED_ORDERS", "30")), 470
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
    SELECT 'TROUBLED-' || n, 'troubled', 'TROUBLED-' || n, '', 0, 'completed', now(), 'C-' || n,
        'CNY', 0, 0, 0, 1000, '', '', 'CN', '', '{}', '', '[]', 1, now(), now() FROM generate_series(1, :orders) AS n
    RETURNING order_id
""")
ANNOUNCE = text("""
    INSERT INTO messages (message_id, order_id, recipient, milestone, data, left_at)
    SELECT concat_ws(':', order_id, milestone, recipient), order_id, recipient, milestone, '{}', now()
    FROM unnest(:orders) WITH ORDINALITY AS one(order_id, n), unnest(:recipients) AS recipient,
        unnest(:milestones) WITH ORDINALITY AS they(milestone, place)
    ORDER BY n, place
""")


@pytest.fixture
def mended(stack: RunningStack) -> Iterator[None]:
    """Whatever happens, the partners are well for the tests after it."""
    yield
    for partner in TROUBLES:
        trouble(stack, partner, kind="none")


def test_recipients_in_trouble_get_each_milestone_once_and_in_order(stack: RunningStack, mended: None) -> None:
    # Given a partner that is down, a slow one, one that lies, and one that loses every other answer
    for partner, how in TROUBLES.items():
        trouble(stack, partner, **how)

    # When hundreds of orders have something to tell, others come, and the worker dies among them
    orders = [*told(stack), *(carried := placed(stack))]
    stack.until("some are delivered", lambda: completed(stack, orders) > TOLD + CARRIED // 3, SECONDS)
    stack.kill("worker")
    trouble(stack, "inbox", kind="twice")
    stack.start("worker")

    # Then all are delivered, whoever knows of it
    stack.until("all are delivered", lambda: completed(stack, orders) == TOLD + CARRIED, SECONDS)
    assert taken(stack, "erp", orders) == taken(stack, "channel", orders) == {}
    # A try for each milestone, and two more where it died with the worker: no order waits for who is told of it.
    assert max(tries_to_tell(stack, order_id) for order_id in carried[:: CARRIED // 10]) <= len(MILESTONES) + 2

    # When the partners are well again
    for partner in TROUBLES:
        trouble(stack, partner, kind="none")
    stack.until("everybody is told", lambda: not untold(stack, orders), SECONDS)

    # Then each has each milestone of each order once and in order, and nobody needs to be called
    for recipient in RECIPIENTS:
        assert taken(stack, recipient, orders) == {order_id: list(MILESTONES) for order_id in orders}, recipient
    assert stack.rows("SELECT FROM messages WHERE parked_at IS NOT NULL") == []
    stack.verify()


def trouble(stack: RunningStack, partner: str, **how: Any) -> None:
    stack.simulators.put(f"/{partner}/trouble", json=how).raise_for_status()


def told(stack: RunningStack) -> list[str]:
    """Orders that have something to tell to everybody."""
    with stack.record.begin() as session:
        orders = list(session.scalars(PLACE, {"orders": TOLD}))
        everything = {"orders": orders, "milestones": list(MILESTONES), "recipients": list(RECIPIENTS)}
        session.execute(ANNOUNCE, everything)
    return orders


def placed(stack: RunningStack) -> list[str]:
    """Orders that come in one request."""
    bodies = [order_body(f"TROUBLED-{number}", lines=[("DESK-CLOCK", 1, "60.00")]) for number in range(CARRIED)]
    answer = stack.api.post("/orders:batch", json=bodies).raise_for_status()
    return [item["order_id"] for item in answer.json()["items"]]


def completed(stack: RunningStack, orders: Sequence[str]) -> int:
    sql = "SELECT count(*) FROM orders WHERE order_id = ANY(:orders) AND status = 'completed'"
    return int(stack.rows(sql, orders=list(orders))[0].count)


def untold(stack: RunningStack, orders: Sequence[str]) -> int:
    sql = "SELECT count(*) FROM messages WHERE order_id = ANY(:orders) AND sent_at IS NULL"
    return int(stack.rows(sql, orders=list(orders))[0].count)


def tries_to_tell(stack: RunningStack, order_id: str) -> int:
    workflows = stack.api.get(f"/orders/{order_id}/history").raise_for_status().json()["workflows"]
    steps = [step for workflow in workflows for step in workflow["happenings"]]
    return sum(step["attempts"] for step in steps if step["name"] == "notify")


def taken(stack: RunningStack, recipient: str, orders: Sequence[str]) -> dict[str, list[str]]:
    """By order the milestones that a partner has, as they came; a message that it had already does not count."""
    ours, found = set(orders), dict[str, list[str]]()
    for message in stack.simulators.get(f"/{recipient}/messages").raise_for_status().json()["messages"]:
        if message["order_id"] in ours:
            found.setdefault(message["order_id"], []).append(message["milestone"])
    return found
