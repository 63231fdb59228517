"""`baton up` as a process: it says when all is ready, restarts what ends, and takes all down at a signal.

Instead of a whole stack it runs a lamp; tests/e2e/ runs the stack, and kills its parts under the same supervisor.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded.services import ROOT

UP = """
import sys
from pathlib import Path
from commands import up
from embedded.services import Service

class Stack:
    def __init__(self, data_dir, ports, **options):
        self.data_dir = data_dir
        script = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
        self.lamp = Service("lamp", [sys.executable, "-c", script], data_dir=data_dir, ready_line="\\n")
        self.parts = [self.lamp]

    def __enter__(self):
        self.lamp.start()
        self.lamp.wait_ready()

    def __exit__(self, *error):
        self.lamp.stop()
        print("The lamp is out.", flush=True)

up.Stack = Stack
up.up(Path(sys.argv[1]))
"""


@pytest.fixture
def up(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-c", UP, str(tmp_path)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    yield process
    process.kill()
    process.communicate()


def test_a_part_that_is_killed_is_back_and_a_signal_takes_all_down(up: "subprocess.Popen[str]", tmp_path: Path) -> None:
    assert up.stdout is not None

    # given everything is ready
    assert up.stdout.readline().startswith("Ready.")

    # when a part is killed, then it is started again
    os.kill(int((tmp_path / "logs" / "lamp.log").read_text()), signal.SIGKILL)
    assert up.stdout.readline() == "lamp ended with status -9; it starts again in 1 s\n"
    assert up.stdout.readline() == "lamp is back\n"

    # when the process is asked to end, as by Ctrl-C or by systemd, then everything ends in order
    up.send_signal(signal.SIGTERM)
    assert up.stdout.readlines() == ["The lamp is out.\n", "Everything has ended.\n"]
    assert up.wait(60) == 0
