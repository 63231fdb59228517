"""Several processes of one kind: each has ports of its own, and one that will not end holds up nobody."""

import subprocess
import sys

from embedded.services import ROOT
from embedded.together import numbered


def test_each_process_has_ports_of_its_own() -> None:
    first = {"BATON_WORKER_PORT": 8071, "BATON_METRICS_PORT": None}
    assert numbered(first, 2) == [{"BATON_WORKER_PORT": "8071"}, {"BATON_WORKER_PORT": "8072"}]


def test_a_process_that_stands_still_is_ended_with_the_others() -> None:
    # given two, of which one ends and the other will not be asked to
    script = (
        "import sys; from embedded import together; together.GRACE_SECONDS = 0.2\n"
        "child = 'import os, signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);'\n"
        'child += \'sys.exit(3) if os.environ["N"] == "1" else time.sleep(60)\'\n'
        "sys.exit(together.run_together([sys.executable, '-c', child], together.numbered({'N': 1}, 2)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, timeout=30, check=False)
    assert done.returncode == 3
