"""Runs several processes of one kind as one: signals reach all of them, and when one ends, all end."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence

LOOK_SECONDS = 0.2
GRACE_SECONDS = 45.0
"""How long processes that were asked to end may take; then they are killed."""


def port_environments(first: Mapping[str, int | None], number: int) -> list[dict[str, str]]:
    """Return an environment for each of `number` processes: the ports of the first, each later one's a port higher."""
    ports = {name: port for name, port in first.items() if port}
    return [{name: str(port + place) for name, port in ports.items()} for place in range(number)]


def run_together(command: Sequence[str], environments: Sequence[Mapping[str, str]]) -> int:
    """Run the command once in each environment (added to ours) and return the highest exit status.

    Nothing is restarted here: that is the supervisor's work.
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
    give_up = time.monotonic() + GRACE_SECONDS
    return max(_end(child, give_up) for child in children)


def _end(child: subprocess.Popen[bytes], give_up: float) -> int:
    try:
        return child.wait(max(0.0, give_up - time.monotonic()))
    except subprocess.TimeoutExpired:
        child.kill()
        return child.wait()
