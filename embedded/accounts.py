"""The account that runs PostgreSQL, which refuses to run as root, and who may read the data directory."""

import fcntl
import os
import pwd
import stat
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

from embedded.postgres_programs import PostgresError

ACCOUNT_NAME = "pgserver"
"""Owns the data that Baton 0.1.0 made as root."""


class Account:
    """The account that runs PostgreSQL: the user of this process, or for root `pgserver`, created if missing."""

    def __init__(self) -> None:
        self._entry: pwd.struct_passwd | None = None
        if os.geteuid() == 0:
            self._entry = _find_or_create(ACCOUNT_NAME)

    @property
    def popen_arguments(self) -> dict[str, Any]:
        """The arguments with which `subprocess.Popen` runs a program as this account."""
        if self._entry is None:
            return {}
        return {"user": self._entry.pw_uid, "group": self._entry.pw_gid, "extra_groups": []}

    def own(self, directory: Path) -> None:
        """Make this account the owner of the directory and its only reader."""
        if self._entry is not None:
            os.chown(directory, self._entry.pw_uid, self._entry.pw_gid)
        directory.chmod(0o700)

    def open_path_to(self, path: Path) -> None:
        """Let this account pass through the folders above `path`, without the right to list them."""
        if self._entry is None:
            return
        for folder in path.parents:
            mode = folder.stat().st_mode
            if not mode & stat.S_IXOTH:
                folder.chmod(mode | stat.S_IXOTH)


def _find_or_create(name: str) -> pwd.struct_passwd:
    """Return the account; a new one has no shell and no home. Several processes may call it at once."""
    with suppress(KeyError):
        return pwd.getpwnam(name)
    # Of two useradd at once the later one changes the number of the account.
    with Path("/etc/passwd").open() as accounts:
        fcntl.flock(accounts, fcntl.LOCK_EX)
        with suppress(KeyError):
            return pwd.getpwnam(name)
        create = ["useradd", "--system", "--no-create-home", "--shell", "/bin/false", name]
        try:
            subprocess.run(create, check=True, capture_output=True, text=True)
        except (OSError, subprocess.CalledProcessError) as problem:
            reason = getattr(problem, "stderr", None) or problem
            raise PostgresError(f"PostgreSQL does not run as root, and making {name} failed: {reason}") from problem
    return pwd.getpwnam(name)


def close_to_others(data_dir: Path) -> None:
    """Close a data directory to other accounts of this machine, with the files that an earlier version left open."""
    data_dir.chmod(0o700)
    for folder in (data_dir / "logs", data_dir / "run"):
        if folder.is_dir():
            folder.chmod(0o700)
            for file in folder.iterdir():
                file.chmod(0o600)
    for file in data_dir.glob("temporal.db*"):
        file.chmod(0o600)
