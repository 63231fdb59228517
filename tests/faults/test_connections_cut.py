"""All connections to PostgreSQL are cut during transactions: exactly the stock is sold, every order is there once."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.baton import order_body
from tests.e2e.stack import RunningStack
from tests.faults.once import assert_done_once

UNITS, ORDERS, CUTS = 20, 30, 8
LANTERN = "SILK-LANTERN"

# Sessions in the middle of a transaction that claims stock.
IN_MID_CLAIM = """
    SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
    AND state <> 'idle' AND xact_start IS NOT NULL AND query ~ 'stock|reservations|fulfillment'
"""
IN_MID_INTAKE = """
    SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
    AND state <> 'idle' AND query ~ '^INSERT INTO order'
"""
CUT_ALL = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def test_cutting_connections_during_claims_sells_exactly_the_stock(stack: RunningStack) -> None:
    # Given more orders than there is stock
    sell_all_but(stack, UNITS)
    orders = stack.place_many("CUT", ORDERS, lines=[(LANTERN, 1, "30.00")])

    # When all connections are cut again and again while they claim it
    for _ in range(CUTS):
        stack.until("somebody is in mid-claim", lambda: stack.rows(IN_MID_CLAIM))
        stack.rows(CUT_ALL)

    # Then as many orders as there were units are delivered, and the others wait
    stack.until("all that was there is delivered", lambda: len(with_status(stack, orders, "completed")) == UNITS)
    sold = with_status(stack, orders, "completed")
    waiting = [order_id for order_id in orders if order_id not in sold]
    stack.until_event("sourcing.failed", waiting, times=len(waiting))
    assert stock(stack) == (0, 0, 0)

    # And canceled ones are refunded
    for order_id in waiting:
        assert stack.api.post(f"/orders/{order_id}/cancel", json={"reason": "too late"}).json()["answer"] == "done"
    stack.until_ended(waiting, "canceled")
    stack.until_ended(sold)
    assert_done_once(stack, sold)


def test_cutting_connections_during_intake_loses_and_doubles_no_order(stack: RunningStack) -> None:
    # Given a channel that sends each order until it is acknowledged
    bodies = [order_body(f"INTAKE-{number}") for number in range(30)]

    def send(body: dict[str, Any]) -> str:
        while not (answer := stack.api.post("/orders", json=body)).is_success:
            assert answer.status_code == 503, answer.text
            time.sleep(0.05)
        return str(answer.json()["order_id"])

    # When connections are cut while orders are stored
    with ThreadPoolExecutor(4) as channels:
        sending = [channels.submit(send, body) for body in bodies]
        while not all(sent.done() for sent in sending):
            if stack.rows(IN_MID_INTAKE):
                stack.rows(CUT_ALL)
    acknowledged = [sent.result() for sent in sending]

    # Then each order is there once and completes, and no log names a customer
    rows = stack.rows("SELECT order_id FROM orders WHERE channel_order_id LIKE 'INTAKE-%'")
    assert sorted(row.order_id for row in rows) == sorted(acknowledged)
    stack.until_ended(acknowledged, seconds=120)
    assert_done_once(stack, acknowledged)
    for log in (stack.embedded.data_dir / "logs").iterdir():
        assert "Lin Xia" not in log.read_text(), log.name


def sell_all_but(stack: RunningStack, units: int) -> None:
    """Sell lanterns to one customer until `units` remain."""
    on_hand = stock(stack)[0]
    order_id = stack.place("ALL-BUT-SOME", lines=[(LANTERN, on_hand - units, "30.00")])
    stack.until_ended([order_id])
    assert stock(stack) == (units, 0, 0)


def stock(stack: RunningStack) -> tuple[int, int, int]:
    """The lanterns on hand, reserved and allocated, over all locations."""
    counters = "sum(on_hand) AS on_hand, sum(reserved) AS reserved, sum(allocated) AS allocated"
    row = stack.rows(f"SELECT {counters} FROM stock WHERE sku = '{LANTERN}'")[0]
    return row.on_hand, row.reserved, row.allocated


def with_status(stack: RunningStack, orders: list[str], status: str) -> list[str]:
    sql = "SELECT order_id FROM orders WHERE order_id = ANY(:orders) AND status = :status"
    return [row.order_id for row in stack.rows(sql, orders=orders, status=status)]
