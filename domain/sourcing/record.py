"""A sourcing decision in stored form: every candidate with its score by term, the excluded locations, and the inputs.

It holds ids, codes and numbers only, since it goes wherever the order's log goes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any

from domain.sourcing.candidates import Candidate, Rate, Wanted
from domain.sourcing.decision import Basis, SourcingDecision
from domain.sourcing.eligibility import CandidateSet
from domain.sourcing.terms import terms_of
from domain.sourcing.weights import Weights


@dataclass(frozen=True, slots=True)
class Score:
    """The cost of a candidate by itself, by term in minor units, for the units that it has (`whole`: the entire
    order)."""

    location_id: str
    whole: bool
    units: int
    terms: Mapping[str, int]
    total: int


# As `dataclasses.asdict`, which copies every value and would be a quarter of an allocation.
_SCORE, _CANDIDATE, _RATE = (tuple(field.name for field in fields(kind)) for kind in (Score, Candidate, Rate))
_OF_SCORE, _OF_CANDIDATE, _OF_RATE = attrgetter(*_SCORE), attrgetter(*_CANDIDATE), attrgetter(*_RATE)


def score_of(score: Score) -> dict[str, Any]:
    """The score as JSON."""
    return dict(zip(_SCORE, _OF_SCORE(score), strict=True))


def scores(basis: Basis) -> list[Score]:
    """Every candidate: those that have everything first, and of these the cheapest first."""
    ranked = [_score(one, basis.wanted, basis.weights) for one in basis.found.candidates.values()]
    return sorted(ranked, key=lambda score: (not score.whole, score.total, score.location_id))


def explain(decision: SourcingDecision, ranked: list[Score]) -> str:
    """The decision's reason, with the best location that was not chosen."""
    next_best = next((one for one in ranked if one.whole and one.location_id not in decision.assignments), None)
    if not decision.assignments or next_best is None:
        return decision.reason
    return f"{decision.reason}; next {next_best.location_id} for {next_best.total / 100:.2f}"


def inputs_of(wanted: Wanted, found: CandidateSet) -> dict[str, Any]:
    """The inputs of a decision as JSON."""
    buffered = {"buffered": {location: dict(units) for location, units in found.buffered.items()}}
    return {
        "units": dict(wanted.units),
        "grams": {sku: wanted.grams.get(sku, 0) for sku in wanted.units},
        "candidates": [_candidate(one) for one in found.candidates.values()],
        "measured_by": found.measured_by,
    } | (buffered if found.buffered else {})


def read_inputs(kept: Mapping[str, Any]) -> tuple[Wanted, CandidateSet]:
    """Read what `inputs_of` wrote."""
    candidates = [Candidate(**one | {"rate": Rate(**one["rate"])}) for one in kept["candidates"]]
    return Wanted(kept["units"], kept["grams"]), CandidateSet({one.location_id: one for one in candidates})


def _candidate(one: Candidate) -> dict[str, Any]:
    rate = dict(zip(_RATE, _OF_RATE(one.rate), strict=True))
    return dict(zip(_CANDIDATE, _OF_CANDIDATE(one), strict=True)) | {"rate": rate}


def _score(one: Candidate, wanted: Wanted, weights: Weights) -> Score:
    shipped = {sku: min(units, one.available.get(sku, 0)) for sku, units in wanted.units.items()}
    units, grams = sum(shipped.values()), sum(number * wanted.grams.get(sku, 0) for sku, number in shipped.items())
    terms = terms_of(one, grams, units, weights)
    return Score(one.location_id, shipped == dict(wanted.units), units, terms, sum(terms.values()))
