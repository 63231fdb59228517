"""The terms of the cost of one location for an order, in minor units. Each term is a function.

The terms are those of IBM's published objective for sourcing (shipping, capacity penalty, processing, node performance,
transit time), each with a weight in percent. The split penalty is the price of each further parcel.
"""

from collections.abc import Callable, Mapping

from domain.sourcing.candidates import Candidate
from domain.sourcing.weights import Handling, Weights

FREE = Handling(0, 0)


def freight(candidate: Candidate, grams: float, units: int, weights: Weights) -> float:
    """The carrier's price for the zone and the weight."""
    return candidate.rate.cost(grams)


def processing(candidate: Candidate, grams: float, units: int, weights: Weights) -> float:
    """Picking and packing, by the kind of location."""
    handling = weights.processing.get(candidate.kind, FREE)
    return handling.order + handling.unit * units


def load(candidate: Candidate, grams: float, units: int, weights: Weights) -> float:
    """Grows with the square of the share of today's capacity that is used: half a day costs a quarter of a full one."""
    return weights.load * candidate.load**2


def lead_time(candidate: Candidate, grams: float, units: int, weights: Weights) -> float:
    """The price of the expected hours until delivery. An order of several parcels is as slow as its slowest one."""
    return weights.hour * candidate.hours


def late(candidate: Candidate, grams: float, units: int, weights: Weights) -> float:
    """The price of hours beyond the promise, if the lead time is `caution` standard deviations longer than expected."""
    return weights.late_hour * max(0.0, likely_hours(candidate, weights) - weights.promise_hours)


def likely_hours(candidate: Candidate, weights: Weights) -> float:
    """A cautious estimate: expected hours plus `caution` standard deviations."""
    return candidate.hours + weights.caution * candidate.spread


def is_late(candidate: Candidate, weights: Weights) -> bool:
    """True if it may arrive after the promise."""
    return likely_hours(candidate, weights) > weights.promise_hours


Term = Callable[[Candidate, float, int, Weights], float]
OF_EACH_PARCEL: Mapping[str, Term] = {"freight": freight, "processing": processing, "load": load}
"""Terms that add up over the parcels of an order."""
OF_THE_SLOWEST: Mapping[str, Term] = {"lead_time": lead_time, "late": late}
"""Terms of which only the largest among the parcels counts."""


def terms_of(candidate: Candidate, grams: float, units: int, weights: Weights) -> dict[str, int]:
    """Every term for one location that ships this weight and these units, weighed, in whole minor units."""
    terms = {**OF_EACH_PARCEL, **OF_THE_SLOWEST}
    return {name: round(weights.share(name) * term(candidate, grams, units, weights)) for name, term in terms.items()}
