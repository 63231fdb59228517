"""Where PostgreSQL's unix socket is: its path must fit into a field of about a hundred bytes."""

import hashlib
import os
import sys
from pathlib import Path

from embedded.postgres_programs import PostgresError

MAX_SOCKET_PATH = 103 if sys.platform == "darwin" else 107
"""Bytes of `sun_path` without the null at its end."""


def find_socket_directory(data: Path, port: int, shared: Path = Path("/tmp")) -> Path:
    """Return the data directory, or if its path is too long a folder in `shared` of a name only that directory has.

    The folder is made if it is missing, open to its maker alone. PostgresError if somebody has put a link there.
    """
    if len(os.fsencode(data / f".s.PGSQL.{port}")) <= MAX_SOCKET_PATH:
        return data
    name = hashlib.sha256(f"{data}-{data.stat().st_ino}".encode()).hexdigest()[:10]
    directory = shared / name
    directory.mkdir(mode=0o700, exist_ok=True)
    if directory.is_symlink():
        raise PostgresError(f"{directory} should be a folder for PostgreSQL's socket, and is a link")
    return directory
