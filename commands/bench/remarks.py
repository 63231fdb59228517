"""`baton bench remarks`: measures how well remarks are read that neither rules nor model are made from."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from domain.remarks.intents import Intent, RemarkReading
from domain.remarks.reading import read_remarks

HELD_OUT = Path(__file__).parents[1] / "remarks" / "held_out.ndjson"
ZONE = ZoneInfo("Asia/Shanghai")
PLACED_AT = datetime(2026, 11, 23, 10, tzinfo=ZONE)
"""A Monday, the day from which the dates in the held-out remarks count."""


@dataclass(frozen=True)
class Score:
    """Of the `n` remarks with an intent. Precision is None if it was never found, recall if no remark has it."""

    precision: float | None
    recall: float | None
    n: int


@dataclass(frozen=True)
class RemarkFigures:
    """Precision and recall over all intents of all remarks, whatever their values, and by intent.

    `values_right` is the share of rightly found carriers, days, texts, ... whose value is right too.
    `review_recall` is the share of remarks that a person must see that are held; `held_for_review` the share of all.
    `held_needlessly` is the share of the other remarks that are held.
    """

    precision: float
    recall: float
    by_intent: dict[str, Score]
    values_right: float
    review_recall: float
    held_for_review: float
    held_needlessly: float
    remarks: int
    us_per_remark: float


def measure_remarks(data: Path = HELD_OUT) -> RemarkFigures:
    """Read every remark of the file and count what was understood; the model is loaded before the clock starts."""
    rows = [json.loads(line) for line in data.read_text(encoding="utf-8").splitlines()]
    _read(rows[0]["text"])
    began = time.perf_counter()
    readings = [_read(row["text"]) for row in rows]
    seconds = time.perf_counter() - began
    asked = Counter(intent for row in rows for intent in row["intents"])
    found = Counter(one.intent.value for reading in readings for one in reading.instructions)
    values = list(_values(rows, readings))
    right = Counter(intent for intent, *_ in values)
    with_value = [expected == got for _, expected, got in values if expected]
    held = [reading.needs_review for reading in readings]
    must = [row["review"] for row in rows]
    return RemarkFigures(
        precision=_share(right.total(), found.total()) or 0,
        recall=_share(right.total(), asked.total()) or 0,
        by_intent={
            intent: Score(_share(right[intent], found[intent]), _share(right[intent], asked[intent]), asked[intent])
            for intent in Intent
        },
        values_right=_share(sum(with_value), len(with_value)) or 0,
        review_recall=_share(sum(h and m for h, m in zip(held, must, strict=True)), sum(must)) or 0,
        held_for_review=_share(sum(held), len(rows)) or 0,
        held_needlessly=_share(sum(h and not m for h, m in zip(held, must, strict=True)), len(rows) - sum(must)) or 0,
        remarks=len(rows),
        us_per_remark=round(seconds / len(rows) * 1e6, 1),
    )


def _read(text: str) -> RemarkReading:
    return read_remarks(text, "", PLACED_AT, ZONE)


def _values(rows: list[dict[str, Any]], readings: list[RemarkReading]) -> Iterator[tuple[str, object, object]]:
    """Yield each intent that is in both the row and its reading, with the expected value and the one found."""
    for row, reading in zip(rows, readings, strict=True):
        for one in reading.instructions:
            if one.intent in row["intents"]:
                yield one.intent.value, row["intents"][one.intent], dict(one.value)


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 3) if whole else None
