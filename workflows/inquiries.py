"""Ask a partner about work on which it has been silent for too long, batch after batch, until none is left.

The relay starts a run when something is due; its workflow id keeps a second run from starting beside it.
"""

from dataclasses import dataclass

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.inquiries import Inquiries, InquiryRequest
    from workflows.activity_options import PULL


@dataclass(frozen=True)
class InquiryInput:
    """The run continues as new after `batches`, so that no history grows long.

    `asked` counts subjects asked about so far, `told_again` those that the partner did not know and was told again.
    """

    partner: str
    asked: int = 0
    told_again: int = 0
    batches: int = 200


@workflow.defn
class InquiryWorkflow:
    @workflow.run
    async def run(self, start: InquiryInput) -> str:
        """Return what was done, in words."""
        asked, told_again, request = start.asked, start.told_again, InquiryRequest(start.partner)
        for _ in range(start.batches):
            answer = await workflow.execute_activity_method(
                Inquiries.ask_after, request, summary=f"ask {start.partner} what it knows", **PULL
            )
            asked, told_again = asked + answer.asked, told_again + answer.told_again
            done = f"{start.partner} was asked for {asked} and told {told_again} of them again"
            workflow.set_current_details(f"**{done}**")
            if not answer.more:
                return done
        return workflow.continue_as_new(InquiryInput(start.partner, asked, told_again, start.batches))
