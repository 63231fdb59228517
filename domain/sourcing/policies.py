"""Policies of sourcing: each one sets prices for the same two solvers. To add a policy, add a line."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from domain.sourcing.candidates import Candidate, Wanted
from domain.sourcing.objective import Priced, Problem, price
from domain.sourcing.weights import Weights

ABOVE_ALL = 10_000_000.0
"""Minor units: the price of what a policy avoids before anything else."""


@dataclass(frozen=True, slots=True)
class Policy:
    """`price` gives the prices of a location, `split` the price of each parcel after the first."""

    price: Callable[[Candidate, Weights], Priced]
    split: Callable[[Weights], float]


def _nearest(candidate: Candidate, weights: Weights) -> Priced:
    """Kilometers and nothing else."""
    return Priced(candidate, candidate.kilometers, 0.0, candidate.rate, 0.0, 0.0, 0.0)


def _cheapest(candidate: Candidate, weights: Weights) -> Priced:
    """Freight and processing only: the money that is really paid."""
    return price(candidate, replace(weights, percent={"lead_time": 0, "late": 0, "load": 0}))


def _earliest(candidate: Candidate, weights: Weights) -> Priced:
    """Every hour counts more than any money; the cheapest of equally fast ones."""
    return replace(_cheapest(candidate, weights), hours=candidate.hours * ABOVE_ALL / 1_000)


def _split(weights: Weights) -> float:
    return weights.share("split") * weights.split


POLICIES: Mapping[str, Policy] = {
    "balanced": Policy(price, _split),
    "nearest": Policy(_nearest, lambda weights: ABOVE_ALL),
    "cheapest": Policy(_cheapest, lambda weights: 0.0),
    "fewest_parcels": Policy(price, lambda weights: ABOVE_ALL),
    "earliest_delivery": Policy(_earliest, lambda weights: 0.0),
}


@dataclass(frozen=True, slots=True)
class Link:
    """One policy of a chain. If it needs more parcels than `most_parcels` (0: no limit), the next policy is tried."""

    policy: str
    most_parcels: int = 0


Chain = tuple[Link, ...]
LAST_RESORT: Chain = (Link("nearest"),)


def read_chain(value: Any) -> Chain:
    """Read `["cheapest", {"policy": "nearest", "most_parcels": 1}]`. Raises ValueError, TypeError or KeyError."""
    if not isinstance(value, list) or not value:
        raise ValueError("a chain is a list of policies, the first one first")
    return tuple(_link(one) for one in value)


def read_chains(value: Any) -> dict[str, Chain]:
    """By channel, `*` for all others."""
    return {channel: read_chain(chain) for channel, chain in value.items()}


def problem_of(policy: str, wanted: Wanted, candidates: Sequence[Candidate], weights: Weights) -> Problem:
    """The problem with the prices of a policy."""
    rules = POLICIES[policy]
    return Problem(wanted, tuple([rules.price(one, weights) for one in candidates]), rules.split(weights))


def _link(one: Any) -> Link:
    fields: Mapping[str, Any] = {"policy": one} if isinstance(one, str) else one
    link = Link(fields["policy"], fields.get("most_parcels", 0))
    if link.policy not in POLICIES:
        raise ValueError(f"{link.policy!r} is no policy; there are {', '.join(POLICIES)}")
    if type(link.most_parcels) is not int or not 0 <= link.most_parcels <= 100:
        raise ValueError("most_parcels is a whole number from 0 to 100")
    return link
