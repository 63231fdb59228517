"""Decides which locations ship an order, by a chain of policies, and gives the reason in a sentence."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from domain.geography import ASSUMED, CITY, POSTAL
from domain.sourcing.candidates import Assignments, Wanted, missing
from domain.sourcing.eligibility import CandidateSet
from domain.sourcing.fast import Solution, solve
from domain.sourcing.objective import Problem, cost
from domain.sourcing.policies import LAST_RESORT, Chain, problem_of
from domain.sourcing.weights import Weights

BALANCED, SPECIFIED = "balanced", "specified"
FAST, EXACT = "fast", "exact"
MAX_EXACT_SIZE = 400
"""SKUs times places. Larger problems cannot be solved exactly in the time that an order has."""

_MEASURED = {POSTAL: " by postal area", CITY: " by city", ASSUMED: " assumed"}
"""How a reason says what a distance was measured by; most are measured by the region."""

Exact = Callable[[Problem, float], Solution | None]
"""An exact solver: returns the optimum, or None if it takes more than the given seconds."""


@dataclass(frozen=True, slots=True)
class Basis:
    """The inputs of a decision."""

    wanted: Wanted
    found: CandidateSet
    weights: Weights


@dataclass(frozen=True, slots=True)
class SourcingDecision:
    """Assigned units by location and SKU; `short` are units that no candidate has; `reason` is for people.

    `cost` is the balanced objective in minor units, whatever the policy. `solved` is FAST or EXACT.
    """

    assignments: Assignments
    short: Mapping[str, int]
    reason: str
    considered: tuple[str, ...] = field(default=())
    policy: str = ""
    cost: float = 0.0
    solved: str = ""
    basis: Basis | None = field(default=None, compare=False, repr=False)

    @property
    def assigned(self) -> dict[str, int]:
        """Units by SKU, from whatever location."""
        units = Counter[str]()
        for skus in self.assignments.values():
            units.update(skus)
        return dict(units)


def decide(
    basis: Basis, chain: Chain, specified: str = "", part: bool = False, exact: Exact | None = None
) -> SourcingDecision:
    """Decide who ships the wanted units: all of them, or nothing if any are short; with `part` the available ones.

    The specified location ships if it has everything, otherwise the first policy of the chain whose limit is kept.
    """
    wanted, found = basis.wanted, basis.found
    names = tuple(sorted(found.candidates))
    if short := missing(wanted, found.candidates):
        reason = f"{len(short)} SKU short over {len(names)} locations{_kept(wanted, found)}"
        nothing = SourcingDecision({}, short, reason, names)
        there = {sku: count for sku, units in wanted.units.items() if (count := units - short.get(sku, 0)) > 0}
        if not part or not there:
            return nothing
        rest = decide(replace(basis, wanted=replace(wanted, units=there)), chain, specified, exact=exact)
        return replace(rest, short=short, reason=f"{nothing.reason}, and of the rest {rest.reason}")
    if not wanted.units:
        return SourcingDecision({}, {}, "nothing is asked for", names)
    if specified in found.candidates and not missing(wanted, {specified: found.candidates[specified]}):
        alone = {specified: dict(wanted.units)}
        reason = f"{specified} is specified and has all"
        return SourcingDecision(alone, {}, reason, (specified,), SPECIFIED, balanced_cost(basis, alone), FAST, basis)
    return _by_policy(basis, chain, names, exact)


def balanced_cost(basis: Basis, assignments: Assignments) -> float:
    """The cost of an assignment by the balanced objective, in minor units."""
    chosen = [basis.found.candidates[name] for name in assignments]
    return cost(problem_of(BALANCED, basis.wanted, chosen, basis.weights), assignments)


def _by_policy(basis: Basis, chain: Chain, names: tuple[str, ...], exact: Exact | None) -> SourcingDecision:
    candidates, weights = list(basis.found.candidates.values()), basis.weights
    for link in (*chain, *LAST_RESORT):
        solution, path = _solve(problem_of(link.policy, basis.wanted, candidates, weights), weights, exact)
        if solution and (not link.most_parcels or len(solution.assignments) <= link.most_parcels):
            break
    else:
        raise AssertionError("what is not short can be assigned")
    chosen = solution.assignments
    price = solution.cost if link.policy == BALANCED else balanced_cost(basis, chosen)
    reason = _reason(link.policy, chosen, price, basis.found) + _kept(basis.wanted, basis.found)
    return SourcingDecision(chosen, {}, reason, names, link.policy, price, path, basis)


def _solve(problem: Problem, weights: Weights, exact: Exact | None) -> tuple[Solution | None, str]:
    """Solve fast, and exactly if a split may cost more than the optimum by over `exact_above`."""
    solution = solve(problem)
    if (
        exact
        and solution
        and len(solution.assignments) > 1
        and len(problem.wanted.units) > 1
        and len(problem.wanted.units) * len(problem.places) <= MAX_EXACT_SIZE
        and solution.cost - solution.bound > weights.exact_above
    ):
        better = exact(problem, weights.exact_milliseconds / 1_000)
        if better and better.cost < solution.cost:
            return better, EXACT
    return solution, FAST


def _reason(policy: str, chosen: Assignments, price: float, found: CandidateSet) -> str:
    """For people: policy, locations, cost, hours and kilometers."""
    used = [found.candidates[name] for name in chosen]
    how = "has all" if len(used) == 1 else "share it, no location has all for less"
    hours, kilometers = max(one.hours for one in used), max(one.kilometers for one in used)
    chosen_by = f"{policy.replace('_', ' ')}: {' and '.join(chosen)} {how}"
    measured = _MEASURED.get(found.measured_by, "")
    return f"{chosen_by}, costs {price / 100:.2f}, {hours:.0f} h and {kilometers:.0f} km to the door{measured}"


def _kept(wanted: Wanted, found: CandidateSet) -> str:
    """Units that locations keep for themselves and that would have mattered, for people."""
    mattered = {
        location: units
        for location, skus in found.buffered.items()
        if (units := sum(skus[sku] for sku in skus if _has(found, location, sku) < wanted.units.get(sku, 0)))
    }
    return "".join(f"; {units} kept for {location}" for location, units in sorted(mattered.items()))


def _has(found: CandidateSet, location: str, sku: str) -> int:
    return found.candidates[location].available.get(sku, 0) if location in found.candidates else 0
