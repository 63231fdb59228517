"""Several processes of one kind, as one: signals reach all of them, and when one ends, all end."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence

LOOK_SECONDS = 0.2


def run_together(command: Sequence[str], environments: Sequence[Mapping[str, str]]) -> int:
    """Run the command once in each environment (what differs from ours); whoever supervises starts them again.

    Answers the highest exit status.
    """
    children = [subprocess.Popen(command, env=dict(os.environ) | dict(extra)) for extra in environments]

    def stop(*_: object) -> None:
        for child in children:
            child.terminate()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    while all(child.poll() is None for child in children):
        time.sleep(LOOK_SECONDS)
    stop()
    return max(child.wait() for child in children)
