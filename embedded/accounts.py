"""PostgreSQL refuses to run as root; there it runs under an account of its own."""

import os
import pwd
import stat
from pathlib import Path
from typing import Any

from embedded.pgserver import ensure_user_exists

NAME = "pgserver"


class Account:
    """Who runs PostgreSQL: the user of this process, or for root the account `pgserver`, made when missing."""

    def __init__(self) -> None:
        self._entry: pwd.struct_passwd | None = None
        if os.geteuid() == 0:
            ensure_user_exists(NAME)
            self._entry = pwd.getpwnam(NAME)

    @property
    def popen_arguments(self) -> dict[str, Any]:
        """What makes subprocess run a program as this account."""
        if self._entry is None:
            return {}
        return {"user": self._entry.pw_uid, "group": self._entry.pw_gid, "extra_groups": []}

    def own(self, directory: Path) -> None:
        """Make the directory this account's, and nobody else's to read."""
        if self._entry is not None:
            os.chown(directory, self._entry.pw_uid, self._entry.pw_gid)
        directory.chmod(0o700)

    def reach(self, path: Path) -> None:
        """Let this account pass through the folders above `path`, without a right to list any of them."""
        if self._entry is None:
            return
        for folder in path.parents:
            mode = folder.stat().st_mode
            if not mode & stat.S_IXOTH:
                folder.chmod(mode | stat.S_IXOTH)


def close_to_others(data_dir: Path) -> None:
    """Keep other accounts of this machine out of a data directory and of what an earlier version left open in it."""
    data_dir.chmod(0o700)
    for folder in (data_dir / "logs", data_dir / "run"):
        if folder.is_dir():
            folder.chmod(0o700)
            for file in folder.iterdir():
                file.chmod(0o600)
    for file in data_dir.glob("temporal.db*"):
        file.chmod(0o600)
