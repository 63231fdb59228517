"""A killer that ends a process of a running stack every few seconds."""

import os
import random
import signal
import time
from contextlib import suppress
from dataclasses import dataclass, field

import psutil

from embedded.stack import Stack

DATABASE, SESSION = "postgres", "a database session"
PAUSE_SECONDS = (3.0, 5.0)
BACK_SECONDS = 120.0


@dataclass
class Chaos:
    """Kills every part of the stack, and a session of its database: each once a round, in a random sequence by seed."""

    stack: Stack
    seed: int
    log: list[str] = field(default_factory=list)

    def rage(self, seconds: float) -> None:
        """Kill for this many seconds, and at least until everything was killed once."""
        dice, began, round_ = random.Random(self.seed), time.monotonic(), 0
        while not round_ or time.monotonic() - began < seconds:
            victims = [*sorted(part.name for part in self.stack.parts), SESSION]
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
            assert time.monotonic() < give_up, f"{victim} does not come back"
            if (pid := self._find(victim, dice)) is not None:
                with suppress(ProcessLookupError):
                    return os.kill(pid, signal.SIGKILL)
            time.sleep(0.2)

    def _find(self, victim: str, dice: random.Random) -> int | None:
        """Return the process id of one victim, or None if it does not run now."""
        if victim not in (DATABASE, SESSION):
            service = self.stack.service(victim)
            return service.process.pid if service.process and service.running else None
        try:
            postmaster = int((self.stack.postgres.directory / "postmaster.pid").read_text().split()[0])
            if victim == DATABASE:
                return postmaster
            children = psutil.Process(postmaster).children()
            return dice.choice(
                sorted(child.pid for child in children if "postgres baton " in " ".join(child.cmdline()))
            )
        except (OSError, ValueError, IndexError, psutil.Error):
            return None
