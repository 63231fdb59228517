"""Every connection to PostgreSQL is cut while orders compete for too little stock: exactly the stock is sold."""

from tests.e2e.running import Running
from tests.faults.once import assert_done_once

UNITS, ORDERS, CUTS = 20, 30, 8
LANTERN = "SILK-LANTERN"

# Not before somebody is in the middle of a transaction that claims stock.
IN_MID_CLAIM = """
    SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
    AND state <> 'idle' AND xact_start IS NOT NULL AND query ~ 'stock|reservations|fulfillment'
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
