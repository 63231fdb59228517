"""`baton bench sourcing`: the speed of decisions, their gap to the optimum, and the cost of each policy."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from statistics import fmean

from commands.bench.sourcing_cases import Shop
from commands.bench.speed import Speed
from domain.sourcing.decision import BALANCED, Basis, balanced_cost, decide
from domain.sourcing.fast import Solution, solve
from domain.sourcing.objective import Problem
from domain.sourcing.policies import Link, problem_of
from domain.sourcing.terms import is_late
from record.sourcing.exact import solve_exactly

LINES, PLACES = (1, 3, 10), (5, 20, 100)
POLICIES = ("balanced", "nearest", "cheapest", "fewest_parcels")
POLICY_PLACES = 20
DEPTHS = (0.95, 0.6, 0.3)
"""The share of places that have a SKU: a full shop, an ordinary one, and the last day of a sale."""
EXACT_SECONDS = 20.0

Progress = Callable[[str, int, int], object]


@dataclass(frozen=True)
class DecisionSpeed:
    """Decisions a second in one process, over orders some of which must be split."""

    lines: int
    locations: int
    fast_per_s: float
    exact_per_s: float


@dataclass(frozen=True)
class PolicyFigures:
    """Over all orders: the balanced objective and the freight in minor units, the parcels, the share of orders likely
    to be late, and the mean hours to the door.
    """

    cost: int
    freight: int
    parcels: int
    late_share: float
    mean_hours: float


@dataclass(frozen=True)
class SourcingFigures:
    """`mean_gap` and `worst_gap` say how much more the fast path costs than the optimum, as a share, over `gap_cases`;
    `infeasible` counts its decisions that cannot be shipped.
    """

    speed: list[DecisionSpeed]
    mean_gap: float
    worst_gap: float
    gap_cases: int
    infeasible: int
    orders: int
    policies: dict[str, PolicyFigures]
    balanced_costs_least: bool
    balanced_no_later_than_nearest: bool


def measure_sourcing(orders: int, exact_cases: int, progress: Progress, machine: Speed) -> SourcingFigures:
    """Measure everything from one seed: all figures but the speeds are the same each time."""
    speed, gaps, infeasible = _speeds(exact_cases, progress)
    machine.look()
    policies = _policies(orders, progress)
    balanced, others = policies["balanced"], [policies[name] for name in POLICIES[1:]]
    return SourcingFigures(
        speed,
        mean_gap=round(fmean(gaps), 5),
        worst_gap=round(max(gaps), 5),
        gap_cases=len(gaps),
        infeasible=infeasible,
        orders=orders,
        policies=policies,
        balanced_costs_least=all(balanced.cost <= other.cost for other in others),
        balanced_no_later_than_nearest=balanced.late_share <= policies["nearest"].late_share,
    )


def ships(problem: Problem, solution: Solution) -> bool:
    """True if everything is sent, and no location sends more than it has."""
    available = {place.candidate.location_id: place.candidate.available for place in problem.places}
    sent = dict.fromkeys(problem.wanted.units, 0)
    for location, units in solution.assignments.items():
        for sku, number in units.items():
            sent[sku] += number
            if not 0 < number <= available[location].get(sku, 0):
                return False
    return sent == dict(problem.wanted.units)


def _speeds(exact_cases: int, progress: Progress) -> tuple[list[DecisionSpeed], list[float], int]:
    speeds, gaps, infeasible, done = list[DecisionSpeed](), list[float](), 0, 0
    total = len(LINES) * len(PLACES) * exact_cases
    for places in PLACES:
        shop = Shop(Random(places), places)
        for lines in LINES:
            problems = [_problem(shop.order(lines, DEPTHS[number % len(DEPTHS)])) for number in range(exact_cases)]
            fast, fast_seconds = _timed(problems, solve)
            exact, exact_seconds = list[Solution | None](), 0.0
            for problem in problems:
                found, seconds = _timed([problem], lambda one: solve_exactly(one, EXACT_SECONDS))
                exact, exact_seconds, done = exact + found, exact_seconds + seconds, done + 1
                progress("optimum", done, total)
            for problem, quick, best in zip(problems, fast, exact, strict=True):
                if quick is None or not ships(problem, quick):
                    infeasible += 1
                elif best:
                    gaps.append(max(0.0, quick.cost / best.cost - 1))
            rates = (round(exact_cases / seconds, 1) for seconds in (fast_seconds, exact_seconds))
            speeds.append(DecisionSpeed(lines, places, *rates))
    return speeds, gaps, infeasible


def _problem(basis: Basis) -> Problem:
    return problem_of(BALANCED, basis.wanted, list(basis.found.candidates.values()), basis.weights)


def _timed(
    problems: Sequence[Problem], solver: Callable[[Problem], Solution | None]
) -> tuple[list[Solution | None], float]:
    began = time.perf_counter()
    found = [solver(problem) for problem in problems]
    return found, time.perf_counter() - began


def _policies(orders: int, progress: Progress) -> dict[str, PolicyFigures]:
    """Decide the same orders by each policy, always from the same stock."""
    rng = Random(2026)
    shop = Shop(rng, POLICY_PLACES)
    sums = {name: [0.0, 0.0, 0, 0, 0.0] for name in POLICIES}
    for number in range(orders):
        basis = shop.order(rng.choice((1, 1, 1, 2, 2, 3, 5)), rng.choice(DEPTHS))
        for name in POLICIES:
            for at, figure in enumerate(_figures(basis, name)):
                sums[name][at] += figure
        progress("policies", number + 1, orders)
    return {
        name: PolicyFigures(
            round(cost), round(freight), int(parcels), round(late / orders, 4), round(hours / orders, 2)
        )
        for name, (cost, freight, parcels, late, hours) in sums.items()
    }


def _figures(basis: Basis, policy: str) -> tuple[float, float, int, int, float]:
    """Cost, freight, parcels, 1 if it is likely to be late, and hours."""
    chosen = decide(basis, (Link(policy),)).assignments
    used = [basis.found.candidates[name] for name in chosen]
    grams, weights = basis.wanted.grams, basis.weights
    freight = sum(
        one.rate.cost(sum(units * grams.get(sku, 0) for sku, units in chosen[one.location_id].items())) for one in used
    )
    late = int(any(is_late(one, weights) for one in used))
    return balanced_cost(basis, chosen), freight, len(used), late, max(one.hours for one in used)
