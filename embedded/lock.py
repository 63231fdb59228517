"""One running Baton a data directory."""

import fcntl
import os
from pathlib import Path
from typing import TextIO


class AlreadyRunning(RuntimeError):
    """Another process uses the data directory; the message names it."""


class DirectoryLock:
    """Held from `acquire` to `release`, or to the end of the process, however that ends."""

    def __init__(self, data_dir: Path) -> None:
        self.path = data_dir / "lock"
        self._file: TextIO | None = None

    @property
    def held(self) -> bool:
        return self._file is not None

    def acquire(self) -> None:
        """Take the lock, or raise AlreadyRunning with the process that has it."""
        file = self.path.open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            owner = file.read().strip() or "unknown"
            file.close()
            raise AlreadyRunning(
                f"Baton already runs on {self.path.parent} as process {owner}: stop it or use another directory"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        self._file = file

    def release(self) -> None:
        """Give the lock back. Safe to repeat."""
        if self._file is not None:
            self._file.close()
            self._file = None
