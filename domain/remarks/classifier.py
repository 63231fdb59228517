"""Classifies clauses that no rule matches: a linear model over character n-grams, trained beforehand.

`baton remarks train` writes weights.json; scoring is a sum over the n-grams of the clause, so no library is needed.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

WEIGHTS = Path(__file__).with_name("weights.json")
NOTHING, OTHER = "nothing", "other"
"""Labels besides the intents: small talk, and requests that Baton has no instruction for."""
LONGEST_NGRAM = 4
MAX_CHARACTERS = 200
"""Longer clauses are cut."""

_SPACES = re.compile(r"[\s\W_]+")
_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Guess:
    label: str
    probability: float


@dataclass(frozen=True, slots=True)
class Weights:
    """`ngrams` maps each known n-gram to one weight for each label. Score of a clause: bias + Σ weights / √(number of
    its
    n-grams)."""

    labels: tuple[str, ...]
    bias: tuple[float, ...]
    ngrams: Mapping[str, tuple[float, ...]]

    def guess(self, clause: str) -> Guess:
        """The likeliest label of a folded clause and its probability (softmax)."""
        features = {ngram for ngram in ngrams(clause) if ngram in self.ngrams}
        scale = 1 / math.sqrt(len(features)) if features else 0.0
        scores = list(self.bias)
        # Sorted, since a sum of floats depends on the order and a set has none.
        for ngram in sorted(features):
            for at, weight in enumerate(self.ngrams[ngram]):
                scores[at] += scale * weight
        top = max(scores)
        likeliest = scores.index(top)
        return Guess(self.labels[likeliest], 1 / sum(math.exp(score - top) for score in scores))


def ngrams(clause: str) -> Iterator[str]:
    """Every run of one to four characters. Numbers become 0, punctuation a space, and a space is added at both ends."""
    plain = f" {_DIGITS.sub('0', _SPACES.sub(' ', clause[:MAX_CHARACTERS])).strip()} "
    for size in range(1, LONGEST_NGRAM + 1):
        for start in range(len(plain) - size + 1):
            yield plain[start : start + size]


@cache
def stored_weights() -> Weights:
    """The weights of weights.json, read once."""
    stored = json.loads(WEIGHTS.read_text(encoding="utf-8"))
    return Weights(
        tuple(stored["labels"]),
        tuple(stored["bias"]),
        {ngram: tuple(weights) for ngram, weights in stored["ngrams"].items()},
    )
