"""Push stock to one channel, batch after batch, until the channel knows every change.

The relay starts a run when listings are behind; its workflow id keeps a second run from starting beside it.
"""

from dataclasses import dataclass, replace

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.push import Push, PushRequest
    from workflows.activity_options import MESSAGE


@dataclass(frozen=True)
class PushOutcome:
    """Listings that the channel took over, and those that it refused or did not answer for."""

    taken: int = 0
    refused: int = 0


@dataclass(frozen=True)
class PushInput:
    """The run continues as new after `batches`, so that no history grows long."""

    channel: str
    outcome: PushOutcome = PushOutcome()
    batches: int = 500


@workflow.defn
class PushWorkflow:
    @workflow.run
    async def run(self, start: PushInput) -> PushOutcome:
        outcome = start.outcome
        for _ in range(start.batches):
            answer = await workflow.execute_activity_method(
                Push.push_batch, PushRequest(start.channel), summary=f"tell {start.channel} of stock", **MESSAGE
            )
            outcome = replace(outcome, taken=outcome.taken + answer.taken, refused=outcome.refused + answer.refused)
            workflow.set_current_details(
                f"**{start.channel} is told of stock**: {outcome.taken} listings taken over, {outcome.refused} refused"
            )
            if not answer.more:
                return outcome
        return workflow.continue_as_new(PushInput(start.channel, outcome, start.batches))
