"""The child processes of `baton up`, each with a log of its own."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import httpx2

from embedded.processes import end_with_parent, forget_process, note_process

ROOT = Path(__file__).resolve().parent.parent
TAIL_LINES = 25


class ServiceError(RuntimeError):
    """A service did not start or did not finish; the message names it and ends with the last lines of its log."""


class Service:
    """One child process, with its log in `data_dir/logs/{name}.log`.

    It is ready when `health_url` answers 200, or when `ready_line` is in its log, or, with neither, at once.
    It ends with the thread that started it, so start it from a thread that lives as long as the service shall.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        data_dir: Path,
        address: str = "",
        env: Mapping[str, str] | None = None,
        health_url: str | None = None,
        ready_line: str | None = None,
        alive_url: str | None = None,
        data_problem: Callable[[], str | None] = lambda: None,
    ) -> None:
        self.name = name
        self.command = list(command)
        self.address = address
        self.env = dict(env or {})
        """Added to the environment of this process, and outranks it."""
        self.health_url = health_url
        self.ready_line = ready_line
        self.alive_url = alive_url
        """Answers 200 while the process itself works, even if something it needs does not."""
        self.data_problem = data_problem
        """Returns why its data cannot be read, or None."""
        self.log = data_dir / "logs" / f"{name}.log"
        self.process: subprocess.Popen[bytes] | None = None
        self._asked_at = 0.0
        self._notes = data_dir / "run"

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def status(self) -> int | None:
        """The exit status: None while the process runs, negative for the signal that ended it."""
        return self.process.poll() if self.process else None

    @property
    def ending(self) -> str:
        """How the process ended, to be written after its name."""
        return f"ended with status {self.status}"

    def start(self) -> None:
        """Start or restart the process; the log of its last run becomes `{name}.log.1`."""
        self.kill()
        self.log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.log.exists():
            self.log.replace(self.log.with_suffix(".log.1"))
        with os.fdopen(os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as log:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=ROOT,
                env=os.environ | {"PYTHONUNBUFFERED": "1"} | self.env,
                # Ctrl-C in the terminal reaches only the parent, which ends the services in order.
                start_new_session=True,
                umask=0o077,
                preexec_fn=end_with_parent(),
            )
        self._asked_at = 0.0
        note_process(self._notes, self.name, self.process.pid)

    def wait_ready(self, timeout_seconds: float = 60) -> None:
        """Return when the service is ready; raise ServiceError if it ended or is late."""
        deadline = time.monotonic() + timeout_seconds
        while not self.is_ready():
            if not self.running:
                raise ServiceError(f"{self.name} ended with status {self.status} before it was ready{self.tail()}")
            if time.monotonic() > deadline:
                raise ServiceError(f"{self.name} is not ready after {timeout_seconds:g} s{self.tail()}")
            time.sleep(0.05)

    def wait_done(self, timeout_seconds: float = 120) -> None:
        """Return when the process has ended with status 0; raise ServiceError if it failed or is late."""
        with suppress(subprocess.TimeoutExpired):
            if self.process is not None:
                self.process.wait(timeout_seconds)
        status = self.status
        self.kill()
        if status is None:
            raise ServiceError(f"{self.name} is not done after {timeout_seconds:g} s{self.tail()}")
        if status != 0:
            raise ServiceError(f"{self.name} ended with status {status}{self.tail()}")

    def ask_to_end(self) -> None:
        """Send SIGTERM and return at once, so that several may end at the same time."""
        if self.process is not None:
            self.process.terminate()
            self._asked_at = self._asked_at or time.monotonic()

    def stop(self, grace_seconds: float = 30) -> None:
        """Ask the process to end; kill it and its children `grace_seconds` after it was first asked. Safe to
        repeat."""
        self.ask_to_end()
        if self.process is not None:
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(max(0.0, self._asked_at + grace_seconds - time.monotonic()))
        self.kill()

    def kill(self) -> None:
        """End the process and its children at once, as a power cut would. Safe to repeat."""
        if self.process is None:
            return
        # macOS answers PermissionError for a group that has only zombies.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        forget_process(self._notes, self.name)

    def tail(self) -> str:
        """The last lines of the log, to be put at the end of a message."""
        lines = self.log.read_text(errors="replace").splitlines()[-TAIL_LINES:] if self.log.exists() else []
        return "".join(f"\n  {line}" for line in [f"The end of {self.log}:", *(lines or ["(nothing)"])])

    def is_ready(self) -> bool:
        """True if it can do its work now."""
        if not self.running:
            return False
        if self.health_url is not None:
            return _answers(self.health_url)
        return self.ready_line is None or self.ready_line in self.log.read_text(errors="replace")

    def is_alive(self) -> bool:
        """True if the process runs and is not stuck."""
        return self.running and (self.alive_url is None or _answers(self.alive_url, timeout_seconds=10))


def _answers(url: str, timeout_seconds: float = 2) -> bool:
    try:
        # Without TLS no certificates are needed, and reading them takes fifty times as long as the call.
        return httpx2.get(url, timeout=timeout_seconds, trust_env=False, verify=False).status_code == 200
    except httpx2.TransportError:
        return False
