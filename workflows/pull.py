"""Pull the orders of one channel: first those that thin events name, then all that were modified.

waiting thin events ─► fetch each ─► next page ─┬─► more: rest, next page
                                                └─► up to the present
"""

from dataclasses import dataclass, replace
from datetime import datetime

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.pull import Pull, PullRequest
    from workflows.activity_options import PULL


@dataclass(frozen=True)
class PullOutcome:
    """Orders fetched for thin events and orders listed; of those listed, the new and the unreadable (`rejected`) ones.

    All orders that were last changed before `pulled_to` are known.
    """

    fetched: int = 0
    listed: int = 0
    new: int = 0
    rejected: int = 0
    pulled_to: datetime | None = None


@dataclass(frozen=True)
class PullInput:
    """The run continues as new after `pages`, so that no history grows long; `outcome` is that of the runs before."""

    channel: str
    outcome: PullOutcome = PullOutcome()
    pages: int = 200


@workflow.defn
class PullWorkflow:
    @workflow.run
    async def run(self, start: PullInput) -> PullOutcome:
        request, outcome = PullRequest(start.channel), start.outcome
        outcome = await self._fetch_waiting(request, outcome)
        for _ in range(start.pages):
            page = await workflow.execute_activity_method(
                Pull.pull_page, request, summary=f"next page of {start.channel}", **PULL
            )
            outcome = replace(
                outcome,
                listed=outcome.listed + page.listed,
                new=outcome.new + page.new,
                rejected=outcome.rejected + page.rejected,
                pulled_to=page.pulled_to,
            )
            self._show(start.channel, outcome)
            if not page.more:
                return outcome
            if page.rest:
                await workflow.sleep(page.rest, summary=f"{start.channel} allows no more calls for now")
        return workflow.continue_as_new(PullInput(start.channel, outcome, start.pages))

    async def _fetch_waiting(self, request: PullRequest, outcome: PullOutcome) -> PullOutcome:
        more = True
        while more:
            answer = await workflow.execute_activity_method(
                Pull.fetch_waiting, request, summary="fetch the orders that thin events name", **PULL
            )
            outcome, more = replace(outcome, fetched=outcome.fetched + answer.fetched), answer.more
        return outcome

    def _show(self, channel: str, outcome: PullOutcome) -> None:
        until = f"{outcome.pulled_to:%Y-%m-%d %H:%M:%S} UTC" if outcome.pulled_to else "still in its first window"
        workflow.set_current_details(
            f"**{channel} is pulled up to {until}**\n\n"
            f"- {outcome.fetched} fetched for thin events\n"
            f"- {outcome.listed} listed: {outcome.new} new, {outcome.rejected} could not be read"
        )
