"""Send a subscriber its events, batch after batch, until nothing is due.

The relay starts a run when something is due; its workflow id keeps a second run from starting beside it.
"""

from dataclasses import dataclass, replace

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.deliver import Deliver, DeliverRequest
    from domain.ids import message_queue
    from workflows.activity_options import DELIVER


@dataclass(frozen=True)
class DeliveryOutcome:
    """Messages that were taken, and attempts that failed."""

    taken: int = 0
    failed: int = 0


@dataclass(frozen=True)
class DeliveryInput:
    """The run continues as new after `batches`, so that no history grows long."""

    subscription_id: str
    outcome: DeliveryOutcome = DeliveryOutcome()
    batches: int = 500


@workflow.defn
class DeliveryWorkflow:
    @workflow.run
    async def run(self, start: DeliveryInput) -> DeliveryOutcome:
        outcome, request = start.outcome, DeliverRequest(start.subscription_id)
        queue = message_queue(workflow.info().task_queue)
        for _ in range(start.batches):
            answer = await workflow.execute_activity_method(
                Deliver.deliver_batch, request, summary="tell a subscriber", task_queue=queue, **DELIVER
            )
            outcome = replace(outcome, taken=outcome.taken + answer.taken, failed=outcome.failed + answer.failed)
            workflow.set_current_details(
                f"**A subscriber is told**: {outcome.taken} messages taken, {outcome.failed} tries failed"
            )
            if not answer.more:
                return outcome
        return workflow.continue_as_new(DeliveryInput(start.subscription_id, outcome, start.batches))
