"""Trains the model for clauses that no rule knows, with scikit-learn, which nothing else of Baton imports."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline

from domain.remarks.classifier import ngrams
from domain.remarks.clauses import fold

MIN_CLAUSES = 2
"""N-grams of fewer clauses are dropped: they say more about the clause than about its label."""
INVERSE_REGULARIZATION = 20.0
FOLDS = StratifiedKFold(5, shuffle=True, random_state=1)


@dataclass(frozen=True, slots=True)
class Training:
    """What was trained. `accuracy` is the share of clauses labeled rightly by a model of the other four fifths."""

    clauses: int
    ngrams: int
    accuracy: float


def train(data: Path, weights: Path) -> Training:
    """Train on labeled clauses (NDJSON: text, label), write the weights and return their accuracy."""
    texts, labels = _clauses(data)
    accuracy = cross_val_score(_model(), texts, labels, cv=FOLDS).mean()
    stored = fit(data)
    lines = json.dumps(stored, ensure_ascii=False, separators=(",", ":")).replace("],", "],\n")
    weights.write_text(lines + "\n", encoding="utf-8")
    return Training(len(texts), len(stored["ngrams"]), round(float(accuracy), 3))


def fit(data: Path) -> dict[str, Any]:
    """Return labels, bias and n-grams in the form of weights.json; the same data give the same weights."""
    texts, labels = _clauses(data)
    model = _model().fit(texts, labels)
    vectorizer, classifier = model[0], model[-1]
    return {
        "labels": classifier.classes_.tolist(),
        "bias": _rounded(classifier.intercept_),
        "ngrams": {ngram: _rounded(classifier.coef_[:, at]) for ngram, at in sorted(vectorizer.vocabulary_.items())},
    }


def _clauses(data: Path) -> tuple[list[str], list[str]]:
    rows = [json.loads(line) for line in data.read_text(encoding="utf-8").splitlines()]
    return [fold(row["text"]) for row in rows], [row["label"] for row in rows]


def _model() -> Pipeline:
    # An n-gram counts once in a clause, and counts are scaled to length one: Weights.guess does the same.
    counts = TfidfVectorizer(analyzer=ngrams, min_df=MIN_CLAUSES, binary=True, use_idf=False)
    return make_pipeline(counts, LogisticRegression(C=INVERSE_REGULARIZATION, max_iter=2_000))


def _rounded(numbers: Iterable[float]) -> list[float]:
    return [round(float(number), 2) for number in numbers]
