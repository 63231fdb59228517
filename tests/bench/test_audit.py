"""`baton bench audit`, as people and scripts run it."""

import json
import subprocess
import sys


def test_it_prints_one_json_object_and_every_order_passes_fifty_rules() -> None:
    command = [sys.executable, "-m", "cli", "bench", "audit", "--json", "--orders", "10"]

    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)

    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert (figures["rules"], figures["orders"], figures["accepted"]) == (50, 10, 10)
    assert figures["audits_per_s"] > 0
    assert figures["cpu_ms_per_audit"] > 0
