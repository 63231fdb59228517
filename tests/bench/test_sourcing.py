"""`baton bench sourcing`, as people and scripts run it."""

import json
import subprocess
import sys


def test_it_prints_one_json_object_and_balanced_costs_the_least() -> None:
    command = [sys.executable, "-m", "cli", "bench", "sourcing", "--json", "--orders", "50", "--exact-cases", "3"]

    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)

    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    sizes = [(speed["lines"], speed["locations"]) for speed in figures["speed"]]
    assert sizes == [(lines, places) for places in (5, 20, 100) for lines in (1, 3, 10)]
    assert all(speed["fast_per_s"] > speed["exact_per_s"] > 0 for speed in figures["speed"])
    assert figures["infeasible"] == 0
    assert figures["mean_gap"] <= 0.02
    assert figures["balanced_costs_least"]
    assert figures["balanced_no_later_than_nearest"]
