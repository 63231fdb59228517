"""Runs a command and says what it cost: CPU seconds of all that it started, here and on the reference core.

Servers detach from whoever starts them, so on Linux this process adopts what loses its parent,
and counts it. A busy machine is slower for each second of CPU, and some are slower at times, so how fast it is
is measured while the command runs.
"""

import ctypes
import os
import resource
import subprocess
import sys
import threading
import time

LOOP_ADDITIONS = 5_000_000
REFERENCE_LOOP_SECONDS = 0.258
"""What the loop costs on the reference core."""
PR_SET_CHILD_SUBREAPER = 36
STRAGGLERS_SECONDS = 5
LOOK_EVERY_SECONDS = 30


class Speed:
    """How fast this machine is while a command runs: CPU seconds of a plain loop, the mean of one each half minute."""

    def __init__(self) -> None:
        self._loops = [_loop()]
        self._over = threading.Event()
        threading.Thread(target=self._look, daemon=True).start()

    def loop_seconds(self) -> float:
        """Stop looking, and answer what was seen."""
        self._over.set()
        return sum(self._loops) / len(self._loops)

    def _look(self) -> None:
        while not self._over.wait(LOOK_EVERY_SECONDS):
            self._loops.append(_loop())


def run(command: list[str]) -> int:
    """Run the command to its end and answer its status, when what it left behind has ended or had its time."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    process = subprocess.Popen(command)
    while True:
        pid, status = os.wait()
        if pid == process.pid:
            break
    until = time.monotonic() + STRAGGLERS_SECONDS
    while time.monotonic() < until and _reap():
        time.sleep(0.1)
    return os.waitstatus_to_exitcode(status)


def _reap() -> bool:
    """Whether a child is left after those that have ended were taken."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def _loop() -> float:
    began, total = time.thread_time(), 0
    for _ in range(LOOP_ADDITIONS):
        total += 1  # noqa: SIM113  This very loop is what is measured.
    return time.thread_time() - began


def main() -> None:
    speed = Speed()
    status = run(sys.argv[1:])
    loop = speed.loop_seconds()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = used.ru_utime + used.ru_stime
    scaled = seconds * REFERENCE_LOOP_SECONDS / loop
    said = f"CPU: {seconds:.0f} s here (loop_ms {loop * 1000:.0f}), {scaled:.0f} s on the reference core"
    sys.stderr.write(f"{said}\n")
    sys.exit(abs(status))


if __name__ == "__main__":
    main()
