"""One run of asking a partner about what it has been silent about for too long: batch after batch, until nothing is.

Runs are started by the relay where something is due; by its name there is never a second one beside the first.
"""

from dataclasses import dataclass

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.inquiries import Inquiries, InquiryRequest
    from workflows.activity_options import PULL


@dataclass(frozen=True)
class InquiryInput:
    """After so many `batches` one run goes on as another, so that no history grows long."""

    partner: str
    asked: int = 0
    told_again: int = 0
    batches: int = 200


@workflow.defn
class InquiryWorkflow:
    @workflow.run
    async def run(self, start: InquiryInput) -> str:
        """What was done, in words."""
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
