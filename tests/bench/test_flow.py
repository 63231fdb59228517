"""`baton bench flow`, as people and scripts run it."""

import json
import subprocess
import sys

PARTS = {"temporal", "worker", "api", "postgres", "simulators", "client"}


def test_it_prints_one_json_object_with_the_figures_of_both_sides():
    command = [sys.executable, "-m", "cli", "bench", "flow", "--json", "--orders", "4"]

    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)

    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert figures["orders"] == 4
    assert figures["rounds"] == 2
    assert set(figures["cpu_ms_per_order"]) == PARTS
    assert set(figures["baseline_cpu_ms_per_order"]) == {"temporal", "worker", "client"}
    assert all(figures["cpu_ms_per_order"][part] > 0 for part in ("temporal", "worker", "postgres"))
    assert figures["ratio"] == round(figures["orders_per_s"] / figures["baseline_orders_per_s"], 3) > 0
