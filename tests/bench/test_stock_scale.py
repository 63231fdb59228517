"""`baton bench stock --scale`, as people and scripts run it."""

import json
import subprocess
import sys


def test_it_prints_one_json_object_with_a_p99_of_every_list_and_view() -> None:
    command = [sys.executable, "-m", "cli", "bench", "stock", "--scale", "--json", "--rows", "1000"]
    command += ["--movements", "5005", "--requests", "10"]

    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)

    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert (figures["stock_rows"], figures["movements"]) == (1000, 5005)
    assert {"list", "view", "view_channel", "movements"} <= figures["routes"].keys()
    assert all(times["p99_ms"] > 0 for times in figures["routes"].values())
