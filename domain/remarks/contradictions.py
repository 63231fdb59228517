"""Finds instructions in remarks that contradict each other."""

import re
from collections.abc import Sequence

from domain.remarks.intents import MERCHANT, OPPOSITES, Instruction, Intent

# With these words the merchant corrects the customer's remark.
CORRECTION = re.compile(
    r"改(?:发|为|成|送|到|用|走)|更正|以此为准|客户要求改|变更|\b(?:correct(?:ed|ion)|instead|changed? to|override)\b"
)


def settle(said: Sequence[Instruction], merchant: str) -> tuple[tuple[Instruction, ...], tuple[str, ...]]:
    """The valid instructions, each once, and descriptions of the contradictory ones, which are removed.

    The merchant's remark counts no more than the customer's, unless it says that it is a correction.
    """
    if CORRECTION.search(merchant.lower()):
        said = [one for one in said if one.said_by == MERCHANT or not _corrected(one, said)]
    by_intent: dict[Intent, list[Instruction]] = {}
    for one in said:
        by_intent.setdefault(one.intent, []).append(one)
    clashes = [(intent,) for intent, all_of_it in by_intent.items() if any(_differ(all_of_it[0], o) for o in all_of_it)]
    clashes += [pair for pair in OPPOSITES if by_intent.keys() >= set(pair)]  # type: ignore[misc]
    taken_out = {intent for clash in clashes for intent in clash}
    standing = (max(all_of_it, key=_confidence) for intent, all_of_it in by_intent.items() if intent not in taken_out)
    return tuple(standing), tuple(_in_words(clash) for clash in clashes)


def _corrected(one: Instruction, said: Sequence[Instruction]) -> bool:
    opposites = {one.intent, *(other for pair in OPPOSITES if one.intent in pair for other in pair)}
    return any(other.said_by == MERCHANT and other.intent in opposites for other in said)


def _differ(one: Instruction, other: Instruction) -> bool:
    return one.value != other.value


def _confidence(one: Instruction) -> float:
    return one.confidence


def _in_words(clash: Sequence[Intent]) -> str:
    names = [intent.replace("_", " ") for intent in clash]
    return f"asks for {names[0]} and for {names[1]}" if len(names) > 1 else f"asks for {names[0]} in two ways"
