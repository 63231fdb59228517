"""Temporal for one machine: the development server of the `temporal` program, with its data in one file."""

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from embedded.services import Service, ServiceError

# One partition keeps fairness between channels exact; more of them only help a cluster.
DYNAMIC_CONFIG = (
    "matching.enableFairness=true",
    "matching.numTaskqueueReadPartitions=1",
    "matching.numTaskqueueWritePartitions=1",
)
PRAGMAS = ("journal_mode=WAL", "synchronous=NORMAL")
NO_PROFILE = ("--disable-config-file", "--disable-config-env")
"""Ignore a developer's own profile, which may point at a cluster."""


class EmbeddedTemporal:
    """A Temporal server on 127.0.0.1 with its histories in `data_dir/temporal.db`, and its UI.

    Temporal calls it a development server: one shard, one file. With SQLite's write-ahead log the death of any process
    loses nothing; a power cut may lose the last moments, and Baton's sweep then starts those orders again from
    PostgreSQL.
    """

    def __init__(self, data_dir: Path, port: int = 7233, ui_port: int = 8233) -> None:
        self.address = f"127.0.0.1:{port}"
        self.ui_url = f"http://127.0.0.1:{ui_port}"
        self._program = find_program()
        self.service = Service(
            "temporal",
            self._command(data_dir / "temporal.db", port, ui_port),
            data_dir=data_dir,
            address=f"{self.ui_url} (gRPC {self.address})",
            # Collect garbage rarely: the server is short of CPU here, not of memory.
            env={"GOGC": os.environ.get("GOGC", "400")},
            # The UI passes this on to the server: 200 means that both are up and the namespace exists.
            health_url=f"{self.ui_url}/api/v1/namespaces/default",
            alive_url=f"{self.ui_url}/api/v1/namespaces/default",
            data_problem=lambda: data_problem(data_dir / "temporal.db"),
        )

    def start(self) -> None:
        """Start the server; `wait_ready` says when it can be used."""
        self.service.start()

    def wait_ready(self, timeout_seconds: float = 60) -> None:
        """Return when the server and its UI answer; raise ServiceError, with the end of the log, if they are late."""
        self.service.wait_ready(timeout_seconds)

    def keep_histories(self, retention: timedelta) -> None:
        """Keep the history of an order for `retention` after its end (the server's own default is one day)."""
        update = ["operator", "namespace", "update", "--namespace", "default"]
        update += ["--retention", f"{int(retention.total_seconds())}s"]
        command = [self._program, *update, "--address", self.address, "--command-timeout", "20s", *NO_PROFILE]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ServiceError(f"Temporal did not take a retention of {retention}: {done.stderr}{self.service.tail()}")

    def stop(self) -> None:
        """Ask the server to end and wait for it. Safe to repeat."""
        self.service.stop()

    def _command(self, database: Path, port: int, ui_port: int) -> list[str]:
        command = [self._program, "server", "start-dev", "--ip", "127.0.0.1", "--port", str(port)]
        command += ["--ui-port", str(ui_port), "--ui-disable-news-fetch", "--db-filename", str(database)]
        command += ["--log-level", "warn", *NO_PROFILE]
        for pragma in PRAGMAS:
            command += ["--sqlite-pragma", pragma]
        for value in DYNAMIC_CONFIG:
            command += ["--dynamic-config-value", value]
        return command


def data_problem(database: Path) -> str | None:
    """Return why no server can use this file, or None. A missing file is not made anew, since orders were in it."""
    if not database.exists():
        return f"{database} is gone"
    if not os.access(database, os.R_OK | os.W_OK):
        return f"{database} may not be read and written"
    try:
        with closing(sqlite3.connect(database, timeout=5)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError:
        # A locked file or a full disk may pass.
        return None
    except sqlite3.DatabaseError as problem:
        return f"{database}: {problem}"
    return None


def find_program() -> str:
    """Find the `temporal` program installed beside this Python, or else on the PATH; ServiceError if there is none."""
    beside = Path(sys.executable).with_name("temporal")
    found = str(beside) if beside.exists() else shutil.which("temporal")
    if found is None:
        raise ServiceError("The temporal program is missing: run `make install`")
    return found
