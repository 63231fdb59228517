"""The data directory of a demo: fresh at each start, and never somebody else's."""

import shutil
from pathlib import Path

from embedded.lock import DirectoryLock
from embedded.postgres import EmbeddedPostgres
from embedded.processes import end_leftovers

MARK = "made-by-baton-demo"


class NotADemo(RuntimeError):
    """The directory has other things in it than an earlier demo."""


def start_afresh(data_dir: Path) -> None:
    """Empty the directory of an earlier demo, or make it. Raises NotADemo, or AlreadyRunning where Baton is up."""
    if data_dir.exists() and any(data_dir.iterdir()) and not (data_dir / MARK).exists():
        raise NotADemo(f"{data_dir} is not empty and not of an earlier demo: name another directory")
    data_dir.mkdir(parents=True, exist_ok=True)
    (data_dir / MARK).touch()
    lock = DirectoryLock(data_dir)
    lock.acquire()
    # A demo that was killed leaves its PostgreSQL running, which must not lose its files under its feet.
    end_leftovers(data_dir / "run")
    EmbeddedPostgres(data_dir).stop()
    for path in data_dir.iterdir():
        if path not in (data_dir / MARK, lock.path):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    lock.release()
