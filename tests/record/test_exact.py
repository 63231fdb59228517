"""The exact solver is the oracle of the fast one, whose solutions must be feasible and near the optimum.

SOURCING_PROBLEMS=2000 for the wide run.
"""

import os
from random import Random
from statistics import fmean

from commands.bench.sourcing import DEPTHS, ships
from commands.bench.sourcing_cases import Shop
from domain.sourcing.candidates import Candidate, Rate, Wanted
from domain.sourcing.fast import solve
from domain.sourcing.objective import Problem, cost, price
from domain.sourcing.policies import problem_of
from domain.sourcing.weights import Handling, Weights
from record.sourcing.exact import solve_exactly

LAMP, TEACUP, RUG = "ELEGANT-LAMP", "QUIET-TEACUP", "WOOL-RUG"
PROBLEMS = int(os.environ.get("SOURCING_PROBLEMS", "60"))
WEIGHTS = Weights(processing={"warehouse": Handling(150, 20), "store": Handling(400, 60)})
RATES = (Rate(600, 1_000, 100, 1_000), Rate(900, 1_000, 300, 1_000), Rate(1_300, 500, 700, 500))


def wild_problem(rng: Random) -> Problem:
    """Unrelated random prices, stock and hours; often no place has everything."""
    skus = [LAMP, TEACUP, RUG][: rng.randint(1, 3)]
    wanted = Wanted({sku: rng.choice((1, 1, 2, 5)) for sku in skus}, {sku: rng.randint(50, 3_000) for sku in skus})
    depth = rng.choice(DEPTHS)
    candidates = [
        Candidate(
            f"PLACE-{number}",
            {sku: rng.randint(1, 6) for sku in skus if rng.random() < depth},
            rng.choice(("warehouse", "store")),
            rate=rng.choice(RATES),
            hours=rng.uniform(6, 150),
            spread=rng.uniform(0, 20),
            load=rng.random(),
        )
        for number in range(rng.randint(2, 6))
    ]
    return Problem(wanted, tuple(price(one, WEIGHTS) for one in candidates), WEIGHTS.split)


def shop_problems(rng: Random, many: int) -> list[Problem]:
    """Orders of a shop of eight places."""
    shop = Shop(rng, 8)
    bases = [shop.order(rng.choice((1, 2, 3, 5)), rng.choice(DEPTHS)) for _ in range(many)]
    return [problem_of("balanced", one.wanted, list(one.found.candidates.values()), one.weights) for one in bases]


def test_the_fast_path_is_feasible_and_within_two_percent_of_the_optimum() -> None:
    # given
    rng = Random(7)
    problems = [wild_problem(rng) for _ in range(PROBLEMS)] + shop_problems(rng, PROBLEMS // 30)

    # when
    pairs = [(problem, solve(problem), solve_exactly(problem)) for problem in problems]

    # then
    assert all((fast is None) == (exact is None) for _, fast, exact in pairs)
    solved = [(problem, fast, exact) for problem, fast, exact in pairs if fast and exact]
    assert len(solved) > 0.75 * PROBLEMS
    assert all(ships(problem, fast) and ships(problem, exact) for problem, fast, exact in solved)
    gaps = [fast.cost / exact.cost - 1 for _, fast, exact in solved]
    assert min(gaps) > -1e-6
    assert fmean(gaps) <= 0.02


def test_what_the_fast_path_proves_is_the_optimum() -> None:
    # given
    rng = Random(11)

    # when
    for problem in (wild_problem(rng) for _ in range(100)):
        fast, exact = solve(problem), solve_exactly(problem)

        # then
        if fast and exact:
            assert fast.bound <= exact.cost + 1e-6
            assert (
                fast.cost == cost(problem, fast.assignments) or abs(fast.cost - cost(problem, fast.assignments)) < 1e-6
            )


def test_both_paths_find_a_split_that_pays() -> None:
    # given: one far place has all, two near ones share it
    far = Candidate("FAR", {LAMP: 1, TEACUP: 1}, rate=Rate(9_000), hours=200)
    near = [
        Candidate("LAMPS", {LAMP: 1}, rate=Rate(600), hours=10),
        Candidate("CUPS", {TEACUP: 1}, rate=Rate(600), hours=9),
    ]
    problem = problem_of("balanced", Wanted({LAMP: 1, TEACUP: 1}), [far, *near], WEIGHTS)

    # when
    fast, exact = solve(problem), solve_exactly(problem)

    # then
    assert fast is not None
    assert exact is not None
    assert fast.assignments == exact.assignments == {"CUPS": {TEACUP: 1}, "LAMPS": {LAMP: 1}}


def test_without_time_the_answer_is_none_or_feasible() -> None:
    # given
    problem = shop_problems(Random(3), 1)[0]

    # when
    solution = solve_exactly(problem, seconds=0.0)

    # then
    assert solution is None or ships(problem, solution)


def test_no_places_give_no_solution() -> None:
    problem = Problem(Wanted({LAMP: 1}), (), 0.0)
    assert (solve(problem), solve_exactly(problem)) == (None, None)
