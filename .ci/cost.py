"""Runs a command and says what it cost: CPU seconds of all that it started, here and on the reference core.

Servers detach from whoever starts them, so on Linux this process adopts what loses its parent,
and counts it.
"""

import ctypes
import os
import resource
import subprocess
import sys
import time

LOOP_ADDITIONS = 5_000_000
REFERENCE_LOOP_SECONDS = 0.258
"""What the loop costs on the reference core."""
PR_SET_CHILD_SUBREAPER = 36
STRAGGLERS_SECONDS = 5


def loop_seconds() -> float:
    """CPU seconds of a plain loop, the smallest of three: the speed of this machine."""
    return min(_loop() for _ in range(3))


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
    began, total = time.process_time(), 0
    for _ in range(LOOP_ADDITIONS):
        total += 1  # noqa: SIM113  This very loop is what is measured.
    return time.process_time() - began


def main() -> None:
    loop = loop_seconds()
    status = run(sys.argv[1:])
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = used.ru_utime + used.ru_stime
    scaled = seconds * REFERENCE_LOOP_SECONDS / loop
    said = f"CPU: {seconds:.0f} s here (loop_ms {loop * 1000:.0f}), {scaled:.0f} s on the reference core"
    sys.stderr.write(f"{said}\n")
    sys.exit(abs(status))


if __name__ == "__main__":
    main()
