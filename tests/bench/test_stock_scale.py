"""`baton bench stock --scale`: the times of every list and view."""

from collections.abc import Callable
from typing import Any


def test_it_prints_one_json_object_with_a_p99_of_every_list_and_view(bench: Callable[..., Any]) -> None:
    figures = bench("stock", "--scale", "--rows", "1000", "--movements", "5005", "--requests", "10")

    assert (figures["stock_rows"], figures["movements"]) == (1000, 5005)
    assert {"list", "view", "view_channel", "movements"} <= figures["routes"].keys()
    assert all(times["p99_ms"] > 0 for times in figures["routes"].values())
