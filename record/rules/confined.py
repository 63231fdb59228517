"""Evaluate rules of staff in a process of its own, which is killed when its budget of CPU or memory is spent.

A CEL evaluation cannot be interrupted, so a rule whose cost is not proved beforehand (domain/rules/static_check.py) is
not evaluated in a process that serves orders or requests.
"""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from socket import socketpair
from threading import Lock
from typing import Any

from domain.rules.facts import RuleFacts
from domain.rules.language import RuleFailed
from domain.rules.staff_rules import Judgement, WrittenRule
from domain.rules.static_check import Mistake

CHECK_SECONDS, ASK_SECONDS, JUDGE_SECONDS = 2, 1, 20
"""CPU seconds to check a rule, to evaluate it for an order, and to run a version over one batch of a trial."""
PATIENCE = 10
"""Wall-clock limit as a multiple of the CPU seconds, for busy machines."""
MEMORY_BYTES = 1_500_000_000


class OverBudget(Exception):
    """A rule exceeded its budget of CPU, memory or time. Its process was killed; the next call starts another."""


@dataclass(frozen=True, slots=True)
class _Helper:
    process: subprocess.Popen[bytes]
    pipe: Connection

    def end(self) -> None:
        self.process.kill()
        self.pipe.close()
        self.process.wait()


class Confined:
    """Runs one call at a time in its process, which is started when first needed."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._helper: _Helper | None = None

    def check(self, expression: str) -> Mistake | None:
        """Return what `find_mistake` finds; an expression too costly to check is a mistake too."""
        try:
            mistake: Mistake | None = self._ask(CHECK_SECONDS, "check", expression)
            return mistake
        except OverBudget:
            return Mistake(1, 1, "it takes too long to be checked")

    def holds(self, expression: str, facts: RuleFacts) -> bool:
        """True if the expression holds for an order. Raises RuleFailed, also when it exceeds its budget."""
        try:
            answer: bool | str = self._ask(ASK_SECONDS, "holds", expression, facts)
        except OverBudget:
            raise RuleFailed(f"it took more than {ASK_SECONDS} s, or too much memory, and was stopped") from None
        if isinstance(answer, str):
            raise RuleFailed(answer)
        return answer

    def judge(
        self, rule_set_id: int, rules: Sequence[WrittenRule], orders: Mapping[str, RuleFacts]
    ) -> Mapping[str, Judgement]:
        """Return the judgement of a version on each of these orders. Raises OverBudget."""
        judged: Mapping[str, Judgement] = self._ask(JUDGE_SECONDS, "judge", rule_set_id, tuple(rules), dict(orders))
        return judged

    def close(self) -> None:
        with self._lock:
            if self._helper:
                self._helper.end()
            self._helper = None

    def _ask(self, seconds: int, task: str, *args: object) -> Any:
        with self._lock:
            helper = self._helper = self._helper or _start()
            try:
                helper.pipe.send((seconds, task, args))
                if not helper.pipe.poll(seconds * PATIENCE):
                    raise TimeoutError
                return helper.pipe.recv()
            except (OSError, EOFError):
                helper.end()
                self._helper = None
                raise OverBudget from None


def _start() -> _Helper:
    ours, theirs = socketpair()
    with theirs:
        # Only what it needs to import our modules: the environment holds secrets.
        environment = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        command = [sys.executable, "-m", "record.rules.confined_process", str(theirs.fileno()), str(MEMORY_BYTES)]
        process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, env=environment)
    return _Helper(process, Connection(ours.detach()))
