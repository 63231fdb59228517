"""CPU time of process trees, with children that run and children that have ended."""

import os
import subprocess
import sys
import time

from commands.bench.cpu import cpu_seconds

BUSY = "import time\nwhile time.process_time() < 0.5: pass"


def test_an_ended_child_is_counted():
    parent = [os.getpid()]
    before, own = cpu_seconds({"us": parent})["us"], time.process_time()

    subprocess.run([sys.executable, "-c", BUSY], check=True)

    used = cpu_seconds({"us": parent})["us"] - before - (time.process_time() - own)
    assert 0.4 < used < 2


def test_a_running_child_is_counted():
    with subprocess.Popen([sys.executable, "-c", BUSY + "\nprint(flush=True); time.sleep(60)"], stdout=-1) as child:
        before = cpu_seconds({"it": [child.pid]})["it"]
        assert child.stdout
        child.stdout.readline()

        after = cpu_seconds({"it": [child.pid], "us": [os.getpid()]})
        child.kill()

    assert after["it"] - before > 0.2
    assert after["us"] >= after["it"]
