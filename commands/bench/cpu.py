"""CPU time of whole process trees, with processes that have ended meanwhile."""

from collections.abc import Mapping, Sequence

import psutil


def cpu_seconds(processes: Mapping[str, Sequence[int]]) -> dict[str, float]:
    """Return the CPU seconds so far by part: user and system time of its processes and all their descendants.

    Subtract two readings to get the cost of a phase. The time of a process that ends is credited to its parent, so
    nothing is lost while the roots live. Raises psutil.NoSuchProcess for a root that is gone.
    """
    return {part: sum(_tree(psutil.Process(pid)) for pid in pids) for part, pids in processes.items()}


def _tree(root: psutil.Process) -> float:
    return _own(root) + sum(_own_or_gone(child) for child in root.children(recursive=True))


def _own(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)


def _own_or_gone(process: psutil.Process) -> float:
    # The parent of an ended child is credited with its time now or at the next reading.
    try:
        return _own(process)
    except psutil.NoSuchProcess:
        return 0.0
