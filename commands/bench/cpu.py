"""CPU time of whole process trees, those that ended in the meantime included."""

from collections.abc import Mapping, Sequence

import psutil


def cpu_seconds(processes: Mapping[str, Sequence[int]]) -> dict[str, float]:
    """CPU seconds so far by part: user and system time of its processes with everything below them.

    The difference of two readings is what a phase cost. A process that ends hands its time to its parent, who keeps
    it beside its own, so nothing is lost while the heads of the trees live; one that is gone raises NoSuchProcess.
    """
    return {part: sum(_tree(psutil.Process(pid)) for pid in pids) for part, pids in processes.items()}


def _tree(head: psutil.Process) -> float:
    return _own(head) + sum(_own_or_gone(child) for child in head.children(recursive=True))


def _own(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)


def _own_or_gone(process: psutil.Process) -> float:
    # Its parent has been credited with it by now, or will be at the next reading.
    try:
        return _own(process)
    except psutil.NoSuchProcess:
        return 0.0
