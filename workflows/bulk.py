"""Carry a bulk out, batch after batch, until no item waits.

The relay starts the run and starts it again if it is gone while the bulk has not ended; its workflow id keeps a second
run from starting beside it. Items, and what became of them, are rows: the history has counts only.
"""

from dataclasses import dataclass

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.bulks import BulkProgress, BulkRequest, Bulks
    from domain.ids import errand_queue
    from workflows.activity_options import ERRAND


@dataclass(frozen=True)
class BulkInput:
    """The run continues as new after `batches`, so that no history grows long; `settled` counts items."""

    bulk_id: str
    settled: int = 0
    batches: int = 200


@workflow.defn
class BulkWorkflow:
    @workflow.run
    async def run(self, start: BulkInput) -> int:
        """Return how many items were settled by acts."""
        settled, request = start.settled, BulkRequest(start.bulk_id)
        queue = errand_queue(workflow.info().task_queue)
        for _ in range(start.batches):
            answer: BulkProgress = await workflow.execute_activity_method(
                Bulks.act_on_batch, request, summary=f"act on items of {start.bulk_id}", task_queue=queue, **ERRAND
            )
            settled += answer.settled
            workflow.set_current_details(f"**{start.bulk_id}**: {settled} items are settled")
            if not answer.more:
                return settled
        return workflow.continue_as_new(BulkInput(start.bulk_id, settled, start.batches))
