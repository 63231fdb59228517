"""Empties the data directory of a demo, and no other directory."""

import shutil
from pathlib import Path

from embedded.lock import DirectoryLock
from embedded.postgres import EmbeddedPostgres
from embedded.processes import end_leftovers

MARKER = "made-by-baton-demo"


class NotADemo(RuntimeError):
    """The directory is not empty and was not made by a demo."""


def start_afresh(data_dir: Path) -> None:
    """Empty the directory of an earlier demo, or make it. Raise NotADemo, or AlreadyRunning if a Baton uses it."""
    if data_dir.exists() and any(data_dir.iterdir()) and not (data_dir / MARKER).exists():
        raise NotADemo(f"{data_dir} is not empty and not of an earlier demo: name another directory")
    data_dir.mkdir(parents=True, exist_ok=True)
    (data_dir / MARKER).touch()
    lock = DirectoryLock(data_dir)
    lock.acquire()
    # The PostgreSQL of a killed demo may still run: stop it before its files are removed.
    end_leftovers(data_dir / "run")
    EmbeddedPostgres(data_dir).stop()
    for path in data_dir.iterdir():
        if path not in (data_dir / MARKER, lock.path):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    lock.release()
