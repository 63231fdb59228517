"""`baton bench audit`: audits with fifty rules in force."""

from collections.abc import Callable
from typing import Any


def test_it_prints_one_json_object_and_every_order_passes_fifty_rules(bench: Callable[..., Any]) -> None:
    figures = bench("audit", "--orders", "10")

    assert (figures["rules"], figures["orders"], figures["accepted"]) == (50, 10, 10)
    assert figures["audits_per_s"] > 0
    assert figures["audits_per_1000_loops"] > 0
    assert figures["cpu_ms_per_audit"] > 0
