"""Several processes of one kind: each has ports of its own, and one that does not end is killed."""

import subprocess
import sys

from embedded.services import ROOT
from embedded.together import port_environments


def test_each_process_has_ports_of_its_own() -> None:
    first = {"BATON_WORKER_PORT": 8071, "BATON_METRICS_PORT": None}
    assert port_environments(first, 2) == [{"BATON_WORKER_PORT": "8071"}, {"BATON_WORKER_PORT": "8072"}]


def test_a_stuck_process_is_killed_when_another_one_ends() -> None:
    # given two processes, of which one ends and the other ignores SIGTERM
    script = (
        "import sys; from embedded import together; together.GRACE_SECONDS = 0.2\n"
        "child = 'import os, signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);'\n"
        'child += \'sys.exit(3) if os.environ["N"] == "1" else time.sleep(60)\'\n'
        "sys.exit(together.run_together([sys.executable, '-c', child], together.port_environments({'N': 1}, 2)))\n"
    )

    # when they run together
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, timeout=30, check=False)

    # then both have ended, with the status of the first
    assert done.returncode == 3
