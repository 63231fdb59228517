"""Plans of moved and of promised orders: the next allocation takes what was reserved there."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from domain.sourcing.candidates import Assignments
from domain.sourcing.decision import FAST, Basis, SourcingDecision, balanced_cost
from record import journal
from record.sourcing.needs import Needs

MAX_MOVES = 2
MOVED, PROMISED = "moved", "promised"


def plan_keys(order_id: str) -> list[str]:
    """Return the journal keys of an order's plans: what it was promised, then one per move."""
    return [f"{order_id}:{PROMISED}", *_move_keys(order_id)]


def keep_promise(session: Session, order_id: str, assignments: Assignments, why: str) -> None:
    """Store that the order is sent as it was promised; once for each order."""
    key = f"{order_id}:{PROMISED}"
    if journal.earlier_answer(session, key) is None:
        journal.remember(session, key, {"assignments": assignments, "why": why, "policy": PROMISED})


def keep_plan(session: Session, order_id: str, assignments: Assignments, why: str) -> bool:
    """Store where the order moves and why; False if it was moved MAX_MOVES times already."""
    keys = _move_keys(order_id)
    known = journal.earlier_answers(session, keys)
    free = [key for key in keys if key not in known]
    if free:
        journal.remember(session, free[0], {"assignments": assignments, "why": why})
    return bool(free)


def planned(needs: Needs, known: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the plan that matches what the order reserves now, if that covers all it needs."""
    for key in reversed(plan_keys(needs.order_id)):
        plan = known.get(key)
        if plan and _places(plan["assignments"]) == needs.kept and _units(plan["assignments"]) == needs.demand:
            return plan
    return None


def decision_of(plan: Mapping[str, Any], basis: Basis) -> SourcingDecision:
    """Return the plan as a sourcing decision."""
    assignments: Assignments = plan["assignments"]
    names = tuple(sorted(basis.found.candidates))
    known = all(name in basis.found.candidates for name in assignments)
    cost = balanced_cost(basis, assignments) if known else 0.0
    return SourcingDecision(
        assignments, {}, plan["why"], names, plan.get("policy", MOVED), cost, FAST, basis if known else None
    )


def _move_keys(order_id: str) -> list[str]:
    return [f"{order_id}:moved:{number}" for number in range(1, MAX_MOVES + 1)]


def _places(assignments: Assignments) -> Counter[tuple[str, str]]:
    return Counter({(sku, place): units for place, skus in assignments.items() for sku, units in skus.items()})


def _units(assignments: Assignments) -> Counter[str]:
    units = Counter[str]()
    for skus in assignments.values():
        units.update(skus)
    return units
