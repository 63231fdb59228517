"""Ends child processes with the one that started them: by a signal of the kernel, or else at the next run."""

import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

PR_SET_PDEATHSIG = 1
GRACE_SECONDS = 10


def end_with_parent() -> Callable[[], None] | None:
    """A `preexec_fn` for Popen: the child gets SIGTERM when the thread that started it ends, even by `kill -9`.

    None if the system lacks this signal (macOS); there `note_process` and `end_leftovers` do the work.
    """
    if sys.platform != "linux":
        return None
    # Loaded here, since a child may do very little between fork and exec.
    libc, parent = ctypes.CDLL(None), os.getpid()

    def ask_for_signal() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return ask_for_signal


def note_process(notes: Path, name: str, pid: int) -> None:
    """Write down the leader of a process group, for `end_leftovers`."""
    notes.mkdir(mode=0o700, parents=True, exist_ok=True)
    # In one step: an empty note would stop the next run.
    draft = notes / f".{name}"
    draft.write_text(f"{pid} {time.time()}")
    draft.replace(notes / name)


def forget_process(notes: Path, name: str) -> None:
    """Remove the note of a group that has ended. Safe to repeat."""
    (notes / name).unlink(missing_ok=True)


def end_leftovers(notes: Path) -> None:
    """End every process of the groups still noted, and return when they are gone."""
    groups = {note: note.read_text().split() for note in sorted(notes.glob("[!.]*"))}
    leftovers = [
        process
        for process in psutil.process_iter()
        if any(_belongs(process, int(group), float(since)) for group, since in groups.values())
    ]
    for process in leftovers:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    _, alive = psutil.wait_procs(leftovers, timeout=GRACE_SECONDS)
    for process in alive:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(alive, timeout=GRACE_SECONDS)
    for note in groups:
        note.unlink(missing_ok=True)


def _belongs(process: psutil.Process, group: int, since: float) -> bool:
    # A process older than the note has the same number by chance.
    try:
        return os.getpgid(process.pid) == group and process.create_time() > since - 5
    except (psutil.Error, OSError):
        return False
