"""Where an order was moved to before its release: what is reserved there is what it is allocated next."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from domain.sourcing.candidates import Assignments
from domain.sourcing.decision import FAST, Basis, SourcingDecision, balanced_cost
from record import journal
from record.sourcing.needs import Needs

MOST_MOVES = 2
MOVED = "moved"


def plan_keys(order_id: str) -> list[str]:
    """Under which the plans of an order are kept, one a move."""
    return [f"{order_id}:moved:{number}" for number in range(1, MOST_MOVES + 1)]


def keep_plan(session: Session, order_id: str, assignments: Assignments, why: str) -> bool:
    """Keep where it goes and why; false when the order was moved often enough."""
    keys = plan_keys(order_id)
    known = journal.earlier_answers(session, keys)
    free = [key for key in keys if key not in known]
    if free:
        journal.remember(session, free[0], {"assignments": assignments, "why": why})
    return bool(free)


def planned(needs: Needs, known: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The plan among the answers of earlier steps that fits what the order reserves now, if that is all it needs."""
    for key in reversed(plan_keys(needs.order_id)):
        plan = known.get(key)
        if plan and _places(plan["assignments"]) == needs.kept and _units(plan["assignments"]) == needs.demand:
            return plan
    return None


def decision_of(plan: Mapping[str, Any], basis: Basis) -> SourcingDecision:
    """The plan as the decision of its round."""
    assignments: Assignments = plan["assignments"]
    names = tuple(sorted(basis.found.candidates))
    known = all(name in basis.found.candidates for name in assignments)
    cost = balanced_cost(basis, assignments) if known else 0.0
    return SourcingDecision(assignments, {}, plan["why"], names, MOVED, cost, FAST, basis if known else None)


def _places(assignments: Assignments) -> Counter[tuple[str, str]]:
    return Counter({(sku, place): units for place, skus in assignments.items() for sku, units in skus.items()})


def _units(assignments: Assignments) -> Counter[str]:
    units = Counter[str]()
    for skus in assignments.values():
        units.update(skus)
    return units
