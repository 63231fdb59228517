"""The account that runs PostgreSQL, which refuses to run as root, and who may read the data directory."""

import os
import pwd
import stat
from pathlib import Path
from typing import Any

from embedded.pgserver import ensure_user_exists

ACCOUNT_NAME = "pgserver"


class Account:
    """The account that runs PostgreSQL: the user of this process, or for root `pgserver`, created if missing."""

    def __init__(self) -> None:
        self._entry: pwd.struct_passwd | None = None
        if os.geteuid() == 0:
            ensure_user_exists(ACCOUNT_NAME)
            self._entry = pwd.getpwnam(ACCOUNT_NAME)

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
