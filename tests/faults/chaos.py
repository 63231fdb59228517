"""`baton up` as a person starts it, and a killer that ends one of its processes every few seconds."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from embedded.environment import read_environment
from embedded.services import ROOT

READY_SECONDS = 300.0
SERVICES = ("api", "worker", "worker-2", "temporal", "simulators")
DATABASE, SESSION = "postgres", "a database session"
PAUSE_SECONDS = (3.0, 5.0)
BACK_SECONDS = 120.0
# The simulators keep nothing: work that one had accepted when it was killed must be sent again.
SOON_ASKED = {"BATON_INQUIRIES__WMS": "PT20S", "BATON_INQUIRIES__TMS": "PT20S"}


@dataclass
class Up:
    """A running `baton up` and its output."""

    data_dir: Path
    process: subprocess.Popen[bytes]
    output: Path

    @property
    def env(self) -> dict[str, str]:
        return read_environment(self.data_dir / "env")

    def tail(self) -> str:
        return self.output.read_text()[-3000:]

    def logged(self, word: str) -> list[str]:
        """The log lines with this word."""
        logs = [file.read_text(errors="replace") for file in sorted((self.data_dir / "logs").glob("*.log*"))]
        return [line for log in logs for line in log.splitlines() if word in line]

    def find(self, victim: str, dice: random.Random) -> int | None:
        """Return the process id of one victim, or None if it does not run now."""
        if victim in SERVICES:
            note = self.data_dir / "run" / victim
            return int(note.read_text().split()[0]) if note.exists() else None
        try:
            postmaster = int((self.data_dir / "postgres" / "postmaster.pid").read_text().split()[0])
            if victim == DATABASE:
                return postmaster
            children = psutil.Process(postmaster).children()
            return dice.choice(
                sorted(child.pid for child in children if "postgres baton " in " ".join(child.cmdline()))
            )
        except (OSError, ValueError, IndexError, psutil.Error):
            return None


@contextmanager
def up(data_dir: Path, step_seconds: float) -> Iterator[Up]:
    """Run `baton up` with two workers, and end it by Ctrl-C."""
    output = data_dir / "said"
    command = [sys.executable, "-m", "cli", "up", "--data-dir", str(data_dir), "--processes", "2"]
    with output.open("wb") as stream:
        process = subprocess.Popen(
            [*command, "--step-seconds", str(step_seconds)],
            cwd=ROOT,
            env=os.environ | SOON_ASKED,
            stdout=stream,
            stderr=stream,
        )
    stack = Up(data_dir, process, output)
    try:
        give_up = time.monotonic() + READY_SECONDS
        while "Ready." not in output.read_text():
            assert process.poll() is None, stack.tail()
            assert time.monotonic() < give_up, stack.tail()
            time.sleep(0.2)
        yield stack
    finally:
        # As Ctrl-C does; that is ignored by what a shell starts in the background, and so by all below it.
        process.terminate()
        try:
            process.wait(240)
        finally:
            process.kill()


@dataclass
class Chaos:
    """Kills the victims round by round: each once a round, in a random sequence by seed."""

    stack: Up
    seed: int
    log: list[str] = field(default_factory=list)

    def rage(self, seconds: float) -> None:
        """Kill for this many seconds, and at least until everything was killed once."""
        dice, began, round_ = random.Random(self.seed), time.monotonic(), 0
        while not round_ or time.monotonic() - began < seconds:
            victims = [*SERVICES, DATABASE, SESSION]
            dice.shuffle(victims)
            for victim in victims:
                time.sleep(dice.uniform(*PAUSE_SECONDS))
                self._kill(victim, dice)
                self.log.append(f"{time.monotonic() - began:6.1f} s: {victim}")
                if round_ and time.monotonic() - began > seconds:
                    return
            round_ += 1

    def _kill(self, victim: str, dice: random.Random) -> None:
        """Kill a victim, once it runs again after an earlier kill."""
        give_up = time.monotonic() + BACK_SECONDS
        while True:
            assert time.monotonic() < give_up, f"{victim} does not come back\n{self.stack.tail()}"
            if (pid := self.stack.find(victim, dice)) is not None:
                with suppress(ProcessLookupError):
                    return os.kill(pid, signal.SIGKILL)
            time.sleep(0.2)
