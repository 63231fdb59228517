"""Locks that keep two Batons from the same data directory and from the same ports."""

import fcntl
import os
import socket
import sys
from pathlib import Path
from typing import TextIO


class AlreadyRunning(RuntimeError):
    """Another process uses the data directory; the message names it."""


class DirectoryLock:
    """The lock of a data directory, held from `acquire` to `release` or to the end of the process, even by kill -9."""

    def __init__(self, data_dir: Path) -> None:
        self.path = data_dir / "lock"
        self._file: TextIO | None = None

    @property
    def held(self) -> bool:
        return self._file is not None

    def acquire(self) -> None:
        """Take the lock, or raise AlreadyRunning with the number of the process that holds it."""
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


class PortClaims:
    """Ports that this Baton has chosen, held until `release` or the end of the process.

    Without claims two Batons that start at once would find the same port free, and their APIs would share it unseen,
    since an API listens on its port with several sockets. Claims are abstract sockets of Linux; elsewhere every port
    is granted.
    """

    def __init__(self) -> None:
        self._held: dict[int, socket.socket] = {}

    def take(self, port: int) -> bool:
        """Claim the port; False if another Baton on this machine has chosen it."""
        if port in self._held or sys.platform != "linux":
            return True
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            claim.bind(f"\0baton-port-{port}")
        except OSError:
            claim.close()
            return False
        self._held[port] = claim
        return True

    def release(self) -> None:
        """Give all ports back. Safe to repeat."""
        while self._held:
            self._held.popitem()[1].close()
