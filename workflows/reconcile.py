"""Compare one channel with the record every night: list its orders of the last days, and fetch what is missing.

list ids and times ─► compare each page with the record ─► fetch the missing ones ─► report
"""

from dataclasses import dataclass, replace

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.pull import PullRequest
    from activities.reconcile import Reconcile, Span
    from workflows.activity_options import PULL


@dataclass(frozen=True)
class ReconcileOutcome:
    """Orders that the channel listed, those of them missing or out of date here, and those fetched."""

    listed: int = 0
    missing: int = 0
    fetched: int = 0


@dataclass(frozen=True)
class ReconcileInput:
    """The run continues as new after `pages`, with the `span` still to compare and the `outcome` so far."""

    channel: str
    span: Span | None = None
    outcome: ReconcileOutcome = ReconcileOutcome()
    pages: int = 500


@workflow.defn
class ReconcileWorkflow:
    @workflow.run
    async def run(self, start: ReconcileInput) -> ReconcileOutcome:
        span = start.span or await self._open(start.channel)
        outcome = await self._compare(start, span)
        outcome = await self._fetch_missing(start.channel, outcome)
        self._show(start.channel, outcome)
        return outcome

    async def _open(self, channel: str) -> Span:
        return await workflow.execute_activity_method(
            Reconcile.open_comparison, PullRequest(channel), summary="which days to compare", **PULL
        )

    async def _compare(self, start: ReconcileInput, span: Span) -> ReconcileOutcome:
        outcome = start.outcome
        for _ in range(start.pages):
            page = await workflow.execute_activity_method(
                Reconcile.compare_page, span, summary=f"compare from {span.start:%Y-%m-%d} on", **PULL
            )
            span = page.following
            outcome = replace(outcome, listed=outcome.listed + page.listed, missing=outcome.missing + page.missing)
            self._show(start.channel, outcome)
            if not page.more:
                return outcome
            if page.rest:
                await workflow.sleep(page.rest, summary=f"{start.channel} allows no more calls for now")
        return workflow.continue_as_new(ReconcileInput(start.channel, span, outcome, start.pages))

    async def _fetch_missing(self, channel: str, outcome: ReconcileOutcome) -> ReconcileOutcome:
        more = True
        while more:
            answer = await workflow.execute_activity_method(
                Reconcile.fetch_missing, PullRequest(channel), summary="fetch what is missing", **PULL
            )
            outcome, more = replace(outcome, fetched=outcome.fetched + answer.fetched), answer.more
        return outcome

    def _show(self, channel: str, outcome: ReconcileOutcome) -> None:
        workflow.set_current_details(
            f"**{channel} is compared with the record**\n\n"
            f"- {outcome.listed} orders listed, {outcome.missing} missing or out of date here\n"
            f"- {outcome.fetched} fetched"
        )
