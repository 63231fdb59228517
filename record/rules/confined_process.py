"""The process that `record/rules/confined.py` starts and kills. It evaluates rules and touches nothing else."""

import resource
import signal
import sys
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from typing import Any

from domain.rules.facts import RuleFacts
from domain.rules.language import RuleFailed, compile_rule, context_of, find_mistake
from domain.rules.staff_rules import Judgement, RuleSet, WrittenRule


def main(descriptor: int, memory_bytes: int) -> None:
    """Answer calls until the pipe closes. Exceeding the memory raises; exceeding the CPU time kills the process."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    # Ctrl-C ends the parent, which ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pipe = Connection(descriptor)
    while True:
        try:
            seconds, task, args = pipe.recv()
        except EOFError:
            return
        used = resource.getrusage(resource.RUSAGE_SELF)
        spent = int(used.ru_utime + used.ru_stime) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (spent + seconds, resource.RLIM_INFINITY))
        pipe.send(TASKS[task](*args))


def _holds(expression: str, facts: RuleFacts) -> bool | str:
    try:
        return compile_rule(expression).is_true_of(context_of(facts))
    except RuleFailed as failure:
        return str(failure)


def _ask(expression: str, facts: RuleFacts) -> bool:
    return compile_rule(expression).is_true_of(context_of(facts))


def _judge(
    rule_set_id: int, rules: tuple[WrittenRule, ...], orders: Mapping[str, RuleFacts]
) -> Mapping[str, Judgement]:
    rule_set = RuleSet(rule_set_id, tuple(rule.compiled() for rule in rules))
    return {order_id: rule_set.judge(facts, _ask) for order_id, facts in orders.items()}


TASKS: Mapping[str, Callable[..., Any]] = {"check": find_mistake, "holds": _holds, "judge": _judge}

if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
