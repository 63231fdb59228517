"""The first result of an order, for a channel that waits for it: accepted, held, waiting for stock, or rejected."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.status import OrderStatus
    from workflows.messages import Verdict
    from workflows.state import OrderOutcome, OrderState


def verdict(state: OrderState, lacks: str, outcome: OrderOutcome | None) -> Verdict | None:
    """Return None while the order is being audited or its stock reserved. Later holds do not count."""
    if outcome and outcome.outcome != OrderStatus.COMPLETED:
        return Verdict("rejected", [], f"{outcome.outcome}: {outcome.reason}")
    under_review = state.status in (OrderStatus.RECEIVED, OrderStatus.UNDER_REVIEW)
    if outcome or ((state.reserved or state.fulfillments) and not under_review):
        return Verdict("accepted")
    if state.holds and under_review:
        return Verdict("held", list(state.holds), "a person must release the holds, or what they found must be cured")
    if lacks:
        return Verdict("waiting_for_stock", [], lacks)
    return None
