"""One run of telling a recipient what it did not take at once: batch after batch, for as long as it takes."""

from dataclasses import dataclass

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.redeliver import Redeliver, RedeliverRequest
    from domain.ids import message_queue
    from workflows.activity_options import TELL


@dataclass(frozen=True)
class RedeliveryInput:
    """After so many `batches` one run goes on as another, so that no history grows long."""

    recipient: str
    taken: int = 0
    batches: int = 500


@workflow.defn
class RedeliveryWorkflow:
    @workflow.run
    async def run(self, start: RedeliveryInput) -> int:
        """How many messages were taken."""
        taken, request = start.taken, RedeliverRequest(start.recipient)
        queue = message_queue(workflow.info().task_queue)
        for _ in range(start.batches):
            answer = await workflow.execute_activity_method(
                Redeliver.redeliver_batch, request, summary=f"tell {start.recipient}", task_queue=queue, **TELL
            )
            taken += answer.taken
            if not answer.more:
                return taken
        return workflow.continue_as_new(RedeliveryInput(start.recipient, taken, start.batches))
