"""Every connection to PostgreSQL is cut in mid-transaction: exactly the stock is sold, every order is there once."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.e2e.running import Running
from tests.faults.once import assert_done_once
from tests.house import order_body

UNITS, ORDERS, CUTS = 20, 30, 8
LANTERN = "SILK-LANTERN"

# Not before somebody is in the middle of a transaction that claims stock.
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


def test_exactly_the_stock_is_sold_when_connections_are_cut_in_mid_claim(baton: Running) -> None:
    # Given more orders than there is stock
    leave(baton, UNITS)
    orders = baton.place_many("CUT", ORDERS, lines=[(LANTERN, 1, "30.00")])

    # When all connections are cut again and again while they claim it
    for _ in range(CUTS):
        baton.until("somebody is in mid-claim", lambda: baton.rows(IN_MID_CLAIM))
        baton.rows(CUT_ALL)

    # Then as many orders as there were units are delivered, and the others wait
    baton.until("all that was there is delivered", lambda: len(with_status(baton, orders, "completed")) == UNITS)
    sold = with_status(baton, orders, "completed")
    waiting = [order_id for order_id in orders if order_id not in sold]
    baton.until_event("sourcing.failed", waiting, times=len(waiting))
    assert stock(baton) == (0, 0, 0)

    # And those that are canceled get their money back
    for order_id in waiting:
        assert baton.api.post(f"/orders/{order_id}/cancel", json={"reason": "too late"}).json()["answer"] == "done"
    baton.until_ended(waiting, "canceled")
    baton.until_ended(sold)
    assert_done_once(baton, sold)


def test_orders_that_are_taken_in_when_connections_are_cut_are_there_once(baton: Running) -> None:
    # Given a channel that sends each order until it is acknowledged
    bodies = [order_body(f"INTAKE-{number}") for number in range(30)]

    def send(body: dict[str, Any]) -> str:
        while not (answer := baton.api.post("/orders", json=body)).is_success:
            assert answer.status_code == 503, answer.text
            time.sleep(0.05)
        return str(answer.json()["order_id"])

    # When connections are cut while orders are written down
    with ThreadPoolExecutor(4) as channels:
        sending = [channels.submit(send, body) for body in bodies]
        while not all(sent.done() for sent in sending):
            if baton.rows(IN_MID_INTAKE):
                baton.rows(CUT_ALL)
    acknowledged = [sent.result() for sent in sending]

    # Then each order is there once, goes its way, and no log of ours names a customer
    rows = baton.rows("SELECT order_id FROM orders WHERE channel_order_id LIKE 'INTAKE-%'")
    assert sorted(row.order_id for row in rows) == sorted(acknowledged)
    baton.until_ended(acknowledged, seconds=120)
    assert_done_once(baton, acknowledged)
    for log in (baton.stack.data_dir / "logs").iterdir():
        assert "Lin Xia" not in log.read_text(), log.name


def leave(baton: Running, units: int) -> None:
    """Sell all lanterns but so many, to one customer."""
    on_hand = stock(baton)[0]
    order_id = baton.place("ALL-BUT-SOME", lines=[(LANTERN, on_hand - units, "30.00")])
    baton.until_ended([order_id])
    assert stock(baton) == (units, 0, 0)


def stock(baton: Running) -> tuple[int, int, int]:
    """The lanterns on hand, reserved and allocated, over all locations."""
    counters = "sum(on_hand) AS on_hand, sum(reserved) AS reserved, sum(allocated) AS allocated"
    row = baton.rows(f"SELECT {counters} FROM stock WHERE sku = '{LANTERN}'")[0]
    return row.on_hand, row.reserved, row.allocated


def with_status(baton: Running, orders: list[str], status: str) -> list[str]:
    sql = "SELECT order_id FROM orders WHERE order_id = ANY(:orders) AND status = :status"
    return [row.order_id for row in baton.rows(sql, orders=orders, status=status)]
