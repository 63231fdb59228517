"""Send a recipient its messages, batch after batch, until nothing waits and nothing comes.

The relay starts a run when something waits; its workflow id keeps a second run from starting beside it.
"""

from dataclasses import dataclass

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.redeliver import Redeliver, RedeliverRequest
    from domain.ids import message_queue
    from workflows.activity_options import REDELIVER


@dataclass(frozen=True)
class RedeliveryInput:
    """The run continues as new after `batches`, so that no history grows long; `taken` counts messages."""

    recipient: str
    taken: int = 0
    batches: int = 500


@workflow.defn
class RedeliveryWorkflow:
    @workflow.run
    async def run(self, start: RedeliveryInput) -> int:
        """Return how many messages were taken."""
        taken, request = start.taken, RedeliverRequest(start.recipient)
        queue = message_queue(workflow.info().task_queue)
        for _ in range(start.batches):
            answer = await workflow.execute_activity_method(
                Redeliver.redeliver_batch, request, summary=f"tell {start.recipient}", task_queue=queue, **REDELIVER
            )
            taken += answer.taken
            why = f"; not taken yet: {answer.problem}" if answer.problem else ""
            workflow.set_current_details(f"**{start.recipient} is told**: {taken} messages taken{why}")
            if not answer.more:
                return taken
        return workflow.continue_as_new(RedeliveryInput(start.recipient, taken, start.batches))
