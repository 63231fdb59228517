"""A decision as it is kept: every candidate with its score by term, who was none and why, and the inputs.

Ids, codes and figures only: it goes wherever the order's log goes.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from domain.sourcing.candidates import Candidate, Rate, Wanted
from domain.sourcing.decision import Basis, SourcingDecision
from domain.sourcing.eligibility import CandidateSet
from domain.sourcing.terms import terms_of
from domain.sourcing.weights import Weights


@dataclass(frozen=True, slots=True)
class Score:
    """What a candidate costs by itself, by term in minor units, for what it has of the order (`whole`: all of it)."""

    location_id: str
    whole: bool
    units: int
    terms: Mapping[str, int]
    total: int


def scores(basis: Basis) -> list[Score]:
    """Every candidate, those that have all first, the cheapest first."""
    told = [_score(one, basis.wanted, basis.weights) for one in basis.found.candidates.values()]
    return sorted(told, key=lambda score: (not score.whole, score.total, score.location_id))


def explain(decision: SourcingDecision, ranked: list[Score]) -> str:
    """The decision's reason, with the best location that was not chosen."""
    next_best = next((one for one in ranked if one.whole and one.location_id not in decision.assignments), None)
    if not decision.assignments or next_best is None:
        return decision.reason
    return f"{decision.reason}; next {next_best.location_id} for {next_best.total / 100:.2f}"


def inputs_of(wanted: Wanted, found: CandidateSet) -> dict[str, Any]:
    """What was decided on, as JSON."""
    return {
        "units": dict(wanted.units),
        "grams": {sku: wanted.grams.get(sku, 0) for sku in wanted.units},
        "candidates": [asdict(one) for one in found.candidates.values()],
    }


def read_inputs(kept: Mapping[str, Any]) -> tuple[Wanted, CandidateSet]:
    """What `inputs_of` gave."""
    candidates = [Candidate(**one | {"rate": Rate(**one["rate"])}) for one in kept["candidates"]]
    return Wanted(kept["units"], kept["grams"]), CandidateSet({one.location_id: one for one in candidates})


def _score(one: Candidate, wanted: Wanted, weights: Weights) -> Score:
    shipped = {sku: min(units, one.available.get(sku, 0)) for sku, units in wanted.units.items()}
    units, grams = sum(shipped.values()), sum(number * wanted.grams.get(sku, 0) for sku, number in shipped.items())
    terms = terms_of(one, grams, units, weights)
    return Score(one.location_id, shipped == dict(wanted.units), units, terms, sum(terms.values()))
