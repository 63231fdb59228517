"""Which statements read more because more has happened."""

from collections.abc import Mapping
from dataclasses import dataclass

from commands.bench.statements import Explained

FEW_BLOCKS = 128
"""Of a statement that reads no more than this (a megabyte) nothing is said: to write one order goes through a score of
indexes, which grow a level deeper now and then."""
TIMES = 2


@dataclass(frozen=True)
class Growth:
    """A statement and the blocks that it read among few orders and among many."""

    statement: str
    few: int
    many: int


def grown(few: Mapping[str, Explained], many: Mapping[str, Explained]) -> list[Growth]:
    """Those that read more than TIMES as much among many, the worst first. One that is asked there only is known too
    little of, so it is set against FEW_BLOCKS."""
    found = [Growth(name, few[name].blocks if name in few else 0, most.blocks) for name, most in many.items()]
    too_much = [one for one in found if one.many > max(FEW_BLOCKS, TIMES * one.few)]
    return sorted(too_much, key=lambda one: one.few - one.many)
