"""Memory of whole process trees."""

from collections.abc import Iterator, Mapping, Sequence

import psutil

MEGABYTE = 1e6


def memory_mb(processes: Mapping[str, Sequence[int]]) -> dict[str, float]:
    """Return the resident memory by part in megabytes; what the processes of a tree share is counted once."""
    return {part: round(sum(_tree_mb(psutil.Process(pid)) for pid in pids), 1) for part, pids in processes.items()}


def _tree_mb(root: psutil.Process) -> float:
    sizes = list(_sizes([root, *root.children(recursive=True)]))
    return (sum(own for own, _ in sizes) + max(shared for _, shared in sizes)) / MEGABYTE


def _sizes(processes: Sequence[psutil.Process]) -> Iterator[tuple[int, int]]:
    """Yield the bytes of each process that are its own, and those that it may share; some systems do not tell them."""
    for process in processes:
        try:
            memory = process.memory_info()
        except psutil.NoSuchProcess:
            continue
        shared = getattr(memory, "shared", 0)
        yield memory.rss - shared, shared
