"""`baton bench promises`: the times of a promise, asked and held."""

from collections.abc import Callable
from typing import Any


def test_it_prints_one_json_object_with_times_and_cpu_of_a_promise(bench: Callable[..., Any]) -> None:
    figures = bench("promises", "--rows", "2000", "--calls", "20")

    assert (figures["places"], figures["lines"], figures["stock_rows"]) == (20, 3, 2_000)
    for kind, calls in (("asked", 20), ("held", 10)):
        assert figures[kind]["calls"] == calls
        assert 0 < figures[kind]["p50_ms"] <= figures[kind]["p99_ms"]
        assert figures[kind]["complete"] > 0
        assert figures["scaled"][kind]["p99_ms"] > 0
