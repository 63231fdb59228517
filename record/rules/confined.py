"""Rules of staff asked in a process of its own, with a budget of CPU and memory; it is killed when that is spent.

CEL cannot be stopped halfway, so a rule whose cost is not proved beforehand (domain/rules/static_check.py) is not
computed where orders or requests wait.
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
"""CPU seconds of a check of one rule, of one rule about one order, and of a version about a part of a trial."""
PATIENCE = 10
"""A machine that is busy may take so many times longer by the clock."""
MEMORY_BYTES = 1_500_000_000


class OverBudget(Exception):
    """It took more CPU, memory or time than it may; the process that did it is gone and the next one is a new one."""


@dataclass(frozen=True, slots=True)
class _Helper:
    process: subprocess.Popen[bytes]
    pipe: Connection

    def end(self) -> None:
        self.process.kill()
        self.pipe.close()
        self.process.wait()


class Confined:
    """Asks one process at a time, which is started when it is first needed."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._helper: _Helper | None = None

    def check(self, expression: str) -> Mistake | None:
        """What `find_mistake` says; what costs too much to be checked is a mistake too."""
        try:
            mistake: Mistake | None = self._ask(CHECK_SECONDS, "check", expression)
            return mistake
        except OverBudget:
            return Mistake(1, 1, "it takes too long to be checked")

    def holds(self, expression: str, facts: RuleFacts) -> bool:
        """Whether the expression is true of an order. Raises RuleFailed, also for what costs too much."""
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
        """What a version says of each of these orders. Raises OverBudget."""
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
        # It needs our modules and nothing else of the environment, where secrets are.
        environment = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        command = [sys.executable, "-m", "record.rules.confined_process", str(theirs.fileno()), str(MEMORY_BYTES)]
        process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, env=environment)
    return _Helper(process, Connection(ours.detach()))
