"""All connections to PostgreSQL are cut during transactions: exactly the stock is sold, every order is there once."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from sqlalchemy import text

from tests.baton import order_body
from tests.e2e.once import assert_done_once
from tests.e2e.stack import TESTS, RunningStack

UNITS, ORDERS, CUTS = 3, 5, 3
LANTERN = "SILK-LANTERN"

STOPPED = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
CUT_ALL = f"""
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name <> '{TESTS}'
"""


def test_cutting_connections_loses_and_doubles_no_order_and_sells_exactly_the_stock(stack: RunningStack) -> None:
    # Given more orders than there is stock, from channels that send each until it is acknowledged
    sell_all_but(stack, UNITS)
    bodies = [order_body(f"CUT-{number}", lines=[(LANTERN, 1, "30.00")]) for number in range(ORDERS)]

    def send(body: dict[str, Any]) -> str:
        while not (answer := stack.api.post("/orders", json=body)).is_success:
            assert answer.status_code == 503, answer.text
            time.sleep(0.05)
        return str(answer.json()["order_id"])

    with ThreadPoolExecutor(ORDERS) as channels, stopped_at(stack, "reservations"):
        # When all connections are cut while orders are stored
        with stopped_at(stack, "orders"):
            sending = [channels.submit(send, body) for body in bodies]
            cut_all_in_the_middle(stack)
        orders = [sent.result() for sent in sending]

        # And again and again while they claim the stock
        for _ in range(CUTS):
            cut_all_in_the_middle(stack)

    # Then each order is there once
    there = stack.rows("SELECT order_id FROM orders WHERE channel_order_id LIKE 'CUT-%'")
    assert sorted(row.order_id for row in there) == sorted(orders)

    # And as many as there were units are delivered, and the others wait
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

    # And no log names a customer
    for log in (stack.embedded.data_dir / "logs").iterdir():
        assert "Lin Xia" not in log.read_text(), log.name


@contextmanager
def stopped_at(stack: RunningStack, table: str) -> Iterator[None]:
    """Block writes to the table, so that transactions stop there while the body runs."""
    with stack.record.begin() as blocking:
        blocking.execute(text(f"LOCK TABLE {table} IN SHARE MODE"))
        yield


def cut_all_in_the_middle(stack: RunningStack) -> None:
    stack.until("a transaction is stopped", lambda: stack.rows(STOPPED))
    stack.rows(CUT_ALL)


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
