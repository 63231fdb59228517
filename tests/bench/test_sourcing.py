"""`baton bench sourcing`: its figures, and the policies compared.

SOURCING_PLACES are the sizes of the shops that are also solved exactly; the bench itself measures 100 too.
"""

import os
from collections.abc import Callable
from typing import Any

import pytest

from commands.bench import sourcing

PLACES = tuple(int(places) for places in os.environ.get("SOURCING_PLACES", "5,20").split(","))


def test_it_prints_one_json_object_and_balanced_costs_the_least(
    bench: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sourcing, "PLACES", PLACES)

    figures = bench("sourcing", "--orders", "50", "--exact-cases", "3")

    sizes = [(speed["lines"], speed["locations"]) for speed in figures["speed"]]
    assert sizes == [(lines, places) for places in PLACES for lines in (1, 3, 10)]
    assert all(speed["fast_per_s"] > speed["exact_per_s"] > 0 for speed in figures["speed"])
    assert figures["infeasible"] == 0
    assert figures["mean_gap"] <= 0.02
    assert figures["balanced_costs_least"]
    assert figures["balanced_no_later_than_nearest"]
