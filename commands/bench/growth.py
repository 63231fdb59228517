"""Finds the statements that read more because there are more orders."""

from collections.abc import Mapping
from dataclasses import dataclass

from commands.bench.statements import Explained

FEW_BLOCKS = 128
"""A statement that reads no more than this (a megabyte) is ignored: writing one order touches a score of indexes, each
of which grows a level deeper now and then."""
MAX_FACTOR = 2


@dataclass(frozen=True)
class Growth:
    """A statement and the blocks that it read after few orders and after many."""

    statement: str
    few: int
    many: int


def grown(few: Mapping[str, Explained], many: Mapping[str, Explained]) -> list[Growth]:
    """Return the statements that read more than MAX_FACTOR times as much after many orders, the worst first.

    One that ran after many orders only is compared with FEW_BLOCKS.
    """
    found = [Growth(name, few[name].blocks if name in few else 0, most.blocks) for name, most in many.items()]
    too_much = [one for one in found if one.many > max(FEW_BLOCKS, MAX_FACTOR * one.few)]
    return sorted(too_much, key=lambda one: one.few - one.many)
