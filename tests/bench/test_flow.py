"""`baton bench flow`: the figures of both sides, and that nobody makes an order dearer unseen."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any

from commands.bench.price import Price

PARTS = {"temporal", "worker", "api", "postgres", "simulators", "client"}
MOST = {
    "history_events": 40,
    "history_bytes": 7_500,
    "workflow_tasks": 7,
    "activities": 2,
    "local_activities": 7,
    "signals": 4,
    "timers": 2,
    "upserts": 1,
    # A few orders share less with each other than many, so these are larger than in a long run.
    "sql_statements": 160,
    "transactions": 45,
    # The runs of the recipients look for messages more than once a second, whatever the orders.
    "read_transactions": 12,
    "http_calls": 18,
    # PostgreSQL's own housekeeping counts here, and for a few orders it is much.
    "wal_bytes": 200_000,
    # The first page of each index counts too, which few orders share.
    "table_bytes": 24_000,
}
"""What a plain order may ask for at most, by the names that `baton bench flow --json` prints (docs/bench.md).

If a change makes it ask for less, lower the number. One that must raise it says in its commit what the order gets."""


def test_nobody_makes_an_order_dearer_unseen(bench: Callable[..., Any]) -> None:
    # when
    figures = bench("flow", "--orders", "4")

    # then it prints both sides
    assert (figures["orders"], figures["rounds"]) == (4, 2)
    assert set(figures["baseline_cpu_ms_per_order"]) == {"temporal", "worker", "client"}
    assert figures["ratio"] == round(figures["orders_per_s"] / figures["baseline_orders_per_s"], 3) > 0
    assert figures["loop_ms"] > 0
    for orders in (figures, figures["spaced"]):
        assert set(orders["cpu_ms_per_order"]) == PARTS
        assert orders["cpu_ratio"] > 0

        # and what an order asks for
        assert MOST.keys() == {field.name for field in fields(Price)}
        dearer = {name: (orders[name], most) for name, most in MOST.items() if orders[name] > most}
        assert not dearer, "an order asks for more than before"
        assert all(orders[name] > 0 for name in ("history_events", "sql_statements", "transactions", "http_calls"))
