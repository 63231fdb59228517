"""`baton bench remarks` on held-out remarks, and the origin of the model."""

import json

import pytest

from commands.bench.remarks import HELD_OUT, measure_remarks
from commands.remarks.command import TRAINING_DATA
from commands.remarks.training import fit
from domain.remarks.classifier import NOTHING, OTHER, WEIGHTS
from domain.remarks.intents import Intent


def test_held_out_remarks_are_understood_as_well_as_documented() -> None:
    figures = measure_remarks()

    assert figures.precision >= 0.95
    assert figures.recall >= 0.90
    assert figures.values_right >= 0.95
    assert figures.review_recall >= 0.90
    assert all(score.recall and score.recall >= 0.75 for score in figures.by_intent.values())


def test_every_intent_has_enough_held_out_remarks() -> None:
    assert min(score.n for score in measure_remarks().by_intent.values()) >= 15


def test_no_held_out_remark_is_trained_on() -> None:
    held_out, trained_on = (
        {json.loads(line)["text"].casefold() for line in path.read_text(encoding="utf-8").splitlines()}
        for path in (HELD_OUT, TRAINING_DATA)
    )

    assert len(held_out) >= 400
    assert held_out & trained_on == set()


def test_the_stored_weights_come_from_the_training_data() -> None:
    # when
    fitted, stored = fit(TRAINING_DATA), json.loads(WEIGHTS.read_text(encoding="utf-8"))

    # then
    assert fitted["labels"] == stored["labels"], "run `baton remarks train`"
    assert set(stored["labels"]) == {*Intent, NOTHING, OTHER}
    assert fitted["ngrams"].keys() == stored["ngrams"].keys(), "run `baton remarks train`"
    for ngram, weights in fitted["ngrams"].items():
        assert weights == pytest.approx(stored["ngrams"][ngram], abs=0.05), "run `baton remarks train`"
