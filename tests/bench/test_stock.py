"""`baton bench stock`, as people and scripts run it."""

import json
import subprocess
import sys


def test_it_prints_one_json_object_of_hot_and_spread_claims() -> None:
    command = [sys.executable, "-m", "cli", "bench", "stock", "--json", "--share", "0.02"]

    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)

    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert list(figures) == ["hot", "spread"]
    assert list(figures["hot"]) == list(figures["spread"]) == ["1", "16", "64"]
    for one in [*figures["hot"].values(), *figures["spread"].values()]:
        assert one.keys() == {"claims_per_s", "p50_ms", "p99_ms", "naive_claims_per_s", "ratio"}
        assert 0 < one["p50_ms"] <= one["p99_ms"]
