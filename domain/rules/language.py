"""Expressions of staff in CEL: checked when they are saved, compiled once, and never trusted to be right.

CEL has no loops of its own, but nothing stops it halfway either. So what could cost much is refused beforehand
(domain/rules/static_check.py), and what is left is measured on the largest order there may be.
"""

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

import cel

from domain.rules.facts import RuleFacts, as_map
from domain.rules.samples import SAMPLES
from domain.rules.static_check import Mistake, first_mistake

LONGEST = 1_000
"""Characters of an expression."""
SAVED_WITHIN = 0.1
ANSWERED_WITHIN = 0.25
"""Seconds of CPU: on the largest order when a rule is saved, and on any order later."""

PLACE = re.compile(r"<input>:(\d+):(\d+): (?:Syntax error: )?([^\n]*)")
WHY = {
    KeyError: "it asks for a field that is not there",
    IndexError: "it asks for an item that is not there",
    ZeroDivisionError: "it divides by zero",
    OverflowError: "a number is too large",
    TypeError: "it mixes kinds of values; whole numbers and others meet by double(...)",
}


class RuleFailed(Exception):
    """A rule that has no answer for an order; its text says why and repeats nothing of the order."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A compiled expression."""

    program: cel.Program

    def is_true_of(self, context: cel.Context, within: float = ANSWERED_WITHIN) -> bool:
        """Whether the expression is true. Raises RuleFailed for an error, another kind of answer, or one too late."""
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
    """What the rules of a set read of one order; made once for all of them."""
    return cel.Context(as_map(facts))


def compile_rule(expression: str) -> Rule:
    """Raises RuleFailed for what CEL cannot parse."""
    try:
        return Rule(cel.compile(expression))
    except Exception:
        raise RuleFailed("it is no expression") from None


def find_mistake(expression: str) -> Mistake | None:
    """The first mistake of an expression with its place, or None when it may be used."""
    if len(expression) > LONGEST:
        return Mistake(1, LONGEST + 1, f"an expression has {LONGEST} characters at most")
    try:
        program = cel.compile(expression)
    except Exception as error:
        return _parsed_badly(str(error))
    return first_mistake(expression) or next(_tried(Rule(program)), None)


def _parsed_badly(told: str) -> Mistake:
    place = PLACE.search(told)
    if place is None:
        return Mistake(1, 1, "this is no expression")
    return Mistake(int(place[1]), int(place[2]), place[3].partition(" expecting ")[0])


def _tried(rule: Rule) -> Iterator[Mistake]:
    """An answer to each sample is what makes a rule good; the largest one comes last."""
    for name, context in _contexts().items():
        try:
            rule.is_true_of(context, SAVED_WITHIN)
        except RuleFailed as failure:
            yield Mistake(1, 1, f"tried on {name}: {failure}")


@cache
def _contexts() -> Mapping[str, cel.Context]:
    """The samples as CEL reads them, made once: the largest takes longer to make than most rules take."""
    return {name: context_of(facts) for name, facts in SAMPLES.items()}
