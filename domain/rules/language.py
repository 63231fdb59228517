"""Expressions of staff in CEL: checked when they are saved and compiled once. Any of them may fail when it is asked.

CEL has no loops of its own, but a running expression cannot be stopped. So expensive constructs are refused beforehand
(domain/rules/static_check.py), and every expression is measured on the largest possible order.
"""

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from domain.rules.engine import cel
from domain.rules.facts import RuleFacts, as_map
from domain.rules.samples import SAMPLES
from domain.rules.static_check import Mistake, first_mistake

MAX_LENGTH = 1_000
"""Characters of an expression."""
CPU_SECONDS_WHEN_SAVED = 0.1
CPU_SECONDS_WHEN_ASKED = 0.25
"""Limits on the largest order when a rule is saved, and on any order later."""

PLACE = re.compile(r"<input>:(\d+):(\d+): (?:Syntax error: )?([^\n]*)")
WHY = {
    KeyError: "it asks for a field that is not there",
    IndexError: "it asks for an item that is not there",
    ZeroDivisionError: "it divides by zero",
    OverflowError: "a number is too large",
    TypeError: "it mixes kinds of values; whole numbers and others meet by double(...)",
}


class RuleFailed(Exception):
    """A rule has no answer for an order. The text says why, and contains nothing of the order."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A compiled expression."""

    program: cel.Program

    def is_true_of(self, context: cel.Context, within: float = CPU_SECONDS_WHEN_ASKED) -> bool:
        """True if the expression is true. Raises RuleFailed for an error, a non-boolean answer, or more CPU than
        `within`
        seconds."""
        began = time.thread_time()
        try:
            answer = self.program.execute(context)
        except Exception as error:
            raise RuleFailed(WHY.get(type(error), "it cannot be computed")) from None
        if not isinstance(answer, bool):
            raise RuleFailed(f"its answer is a {type(answer).__name__}, not true or false")
        if (took := time.thread_time() - began) > within:
            raise RuleFailed(f"it took {took * 1000:.0f} ms, more than {within * 1000:.0f}")
        return answer


def context_of(facts: RuleFacts) -> cel.Context:
    """The facts of one order for CEL, made once for all rules of a set."""
    return cel.Context(as_map(facts))


def compile_rule(expression: str) -> Rule:
    """Compile an expression. Raises RuleFailed if CEL cannot parse it."""
    try:
        return Rule(cel.compile(expression))
    except Exception:
        raise RuleFailed("it is no expression") from None


def find_mistake(expression: str) -> Mistake | None:
    """The first mistake of an expression with its position, or None if it may be used."""
    if len(expression) > MAX_LENGTH:
        return Mistake(1, MAX_LENGTH + 1, f"an expression has {MAX_LENGTH} characters at most")
    try:
        program = cel.compile(expression)
    except Exception as error:
        return _syntax_mistake(str(error))
    return first_mistake(expression) or next(_mistakes_on_samples(Rule(program)), None)


def _syntax_mistake(message: str) -> Mistake:
    place = PLACE.search(message)
    if place is None:
        return Mistake(1, 1, "this is no expression")
    return Mistake(int(place[1]), int(place[2]), place[3].partition(" expecting ")[0])


def _mistakes_on_samples(rule: Rule) -> Iterator[Mistake]:
    """Ask the rule about every sample order; the largest comes last."""
    for name, context in _contexts().items():
        try:
            rule.is_true_of(context, CPU_SECONDS_WHEN_SAVED)
        except RuleFailed as failure:
            yield Mistake(1, 1, f"tried on {name}: {failure}")


@cache
def _contexts() -> Mapping[str, cel.Context]:
    """The sample orders for CEL, made once: making the largest takes longer than most rules."""
    return {name: context_of(facts) for name, facts in SAMPLES.items()}
