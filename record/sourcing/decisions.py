"""Sourcing decisions as rows: one per round of an order's allocation, with its inputs."""

from dataclasses import asdict

from sqlalchemy import Text, bindparam, insert, select
from sqlalchemy.orm import Session

from domain.sourcing.decision import SourcingDecision
from domain.sourcing.record import explain, inputs_of, scores
from domain.sourcing.terms import is_late
from models.base import table
from models.order import AuditRow
from models.sourcing import SourcingDecisionRow

# Built once: building a statement costs more than sending it.
_AUDITS = table(AuditRow)
_RULES = (
    select(_AUDITS.c.rule_set_id)
    .where(_AUDITS.c.order_id == bindparam("of_order", type_=Text))
    .order_by(_AUDITS.c.revision.desc())
    .limit(1)
    .scalar_subquery()
)
_KEEP = insert(table(SourcingDecisionRow)).values(rule_set_id=_RULES).inline()


def keep_decision(
    session: Session, order_id: str, round_: int, decision: SourcingDecision, parameters: str, lead_times: int
) -> str:
    """Store the decision with the versions of parameters and lead times. Return its reason in a sentence.

    A decision that assigns nothing is not stored: the order's log says what it lacks.
    """
    basis = decision.basis
    if basis is None or not decision.assignments:
        return decision.reason
    ranked = scores(basis)
    why = explain(decision, ranked)
    used = [basis.found.candidates[name] for name in decision.assignments]
    row = {
        "order_id": order_id,
        "of_order": order_id,
        "round": round_,
        "policy": decision.policy,
        "solved": decision.solved,
        "reason": why,
        "cost_minor": round(decision.cost),
        "currency": basis.weights.currency,
        "hours": max(one.hours for one in used),
        "late": any(is_late(one, basis.weights) for one in used),
        "assignments": decision.assignments,
        "scores": [asdict(score) for score in ranked],
        "excluded": dict(basis.found.excluded),
        "inputs": inputs_of(basis.wanted, basis.found),
        "parameters": parameters,
        "lead_times": lead_times,
    }
    session.execute(_KEEP, row)
    return why
