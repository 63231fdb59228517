"""Sourcing decisions as rows: one per round of an order's allocation, with its inputs."""

from typing import Any

from domain.sourcing.decision import SourcingDecision
from domain.sourcing.record import explain, inputs_of, score_of, scores
from domain.sourcing.terms import is_late
from models.packed import pack
from models.prepared import prepared
from record.sourcing.outlooks import SourcingContext

_COLUMNS = """order_id, round, policy, solved, reason, cost_minor, currency, hours, late, assignments, scores, excluded,
    inputs, parameters, lead_times"""
# With the rules that the order was last audited by.
INSERT_DECISIONS = prepared(f"""
    INSERT INTO sourcing_decisions ({_COLUMNS}, rule_set_id)
    SELECT {_COLUMNS}, (SELECT rule_set_id FROM audits WHERE audits.order_id = made.order_id
                        ORDER BY revision DESC LIMIT 1)
    FROM json_populate_recordset(CAST(NULL AS sourcing_decisions), :rows) AS made
""")


def decision_row(order_id: str, round_: int, decision: SourcingDecision, context: SourcingContext) -> dict[str, Any]:
    """Return the decision as a row of INSERT_DECISIONS, with the versions of parameters and lead times; its `reason` is
    a sentence. Empty for a decision that assigns nothing: the order's log says what it lacks.
    """
    basis = decision.basis
    if basis is None or not decision.assignments:
        return {}
    ranked = scores(basis)
    used = [basis.found.candidates[name] for name in decision.assignments]
    return {
        "order_id": order_id,
        "round": round_,
        "policy": decision.policy,
        "solved": decision.solved,
        "reason": explain(decision, ranked),
        "cost_minor": round(decision.cost),
        "currency": basis.weights.currency,
        "hours": max(one.hours for one in used),
        "late": any(is_late(one, basis.weights) for one in used),
        "assignments": decision.assignments,
        "scores": pack([score_of(score) for score in ranked]),
        "excluded": dict(basis.found.excluded),
        "inputs": pack(inputs_of(basis.wanted, basis.found)),
        "parameters": context.parameters.version,
        "lead_times": context.outlook.lead_times.version,
    }
