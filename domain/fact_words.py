"""Words that people and partners wrote with a fact. They are kept beside the sealed log, so that they can be erased.

A database trigger takes them out of every fact that is written and leaves a salted digest there (models/migrations).
Facts that Baton 0.1.0 sealed still hold theirs.
"""

from collections.abc import Mapping
from typing import Any

WORDS = ("reason", "note", "detail", "written", "used", "unknown_goods")
"""The fields of a fact's data that hold free text. A test compares them with the trigger's list."""
DIGEST = "words"
"""The field of a fact's data that proves its words, as long as they are kept."""
HIDDEN = "***"


def with_words(data: Mapping[str, Any], words: Mapping[str, Any] | None, shown: bool) -> dict[str, Any]:
    """The data of a fact together with its words, the words replaced by `***` unless `shown`.

    `shown` is False for readers who may not see persons, and for everybody once the person was erased.
    """
    merged = {name: value for name, value in data.items() if name != DIGEST} | dict(words or {})
    return merged if shown else {name: HIDDEN if name in WORDS and value else value for name, value in merged.items()}
