"""The life of one return case.

requested ─ policy ─┬─► rejected
                    ├─ a person ─┘ (or approves)
                    └─► approved ─► the story of its kind: call back, label, receive, inspect, refund or send instead
                             └─► canceled, expired: undone in reverse              ▼
                                                                         settled ─► closed
"""

import asyncio
from dataclasses import dataclass

from temporalio import workflow
from temporalio.exceptions import ApplicationError, FailureError

with workflow.unsafe.imports_passed_through():
    from activities.return_requests import Case, CaseRequest, ReturnRequests
    from activities.returns import Returns
    from domain.returns.kinds import RefundTo, Remedy, ReturnKind
    from domain.returns.requests import AskAttentionRequest, EndReturnRequest
    from domain.status import RETURN, ReturnStatus, is_final
    from workflows import search_attributes
    from workflows.case_state import CaseEnds
    from workflows.messages import PartnerEvent, PartnerEvents
    from workflows.return_case import ReturnCase
    from workflows.return_messages import CaseCancel, CaseVerdict, GoodsAnswer, ReturnInput
    from workflows.return_stories import STORIES
    from workflows.state import MINDS_CHANGES
    from workflows.step_runner import StepRunner, why
    from workflows.telling import Telling


@dataclass(frozen=True)
class ReturnOutcome:
    """closed, rejected, canceled or expired; and what went back in minor units."""

    outcome: str
    refunded_minor: int = 0


@workflow.defn
class ReturnWorkflow:
    @workflow.init
    def __init__(self, start: ReturnInput) -> None:
        self.start = start
        self.requests: list[PartnerEvent] = []
        self.seen: set[str] = set()
        self.alerts: dict[str, str] = {}
        self.try_again = True
        self.steps = StepRunner({}, self._alert, self._story)
        self.case = ReturnCase(start, self.steps, self._show, self._tell, self._attend, self._wait_for_a_person)
        self.telling: Telling | None = None

    @workflow.run
    async def run(self, start: ReturnInput) -> ReturnOutcome:
        keeping_time = asyncio.create_task(self.steps.watch_deadlines())
        await self.steps.wait("request", "the request itself", lambda: bool(self.requests))
        living = asyncio.create_task(self._live())
        stopped_by_operator = await self._until_over(living)
        keeping_time.cancel()
        await workflow.wait_condition(workflow.all_handlers_finished)
        outcome = living.result()
        if stopped_by_operator and outcome.outcome == ReturnStatus.CANCELED:
            raise asyncio.CancelledError
        return outcome

    async def _live(self) -> ReturnOutcome:
        self.case.begin(await self._open())
        self.telling = Telling(self.case.case.order_id, self.steps)
        told = asyncio.create_task(self.telling.run())
        self._tell()
        end = await self._see_through()
        await self._end(end)
        await self._hear_the_last()
        self._tell()
        self.telling.everything_told()
        await told
        await self._hear_the_last()
        return ReturnOutcome(end.status, self.case.refunded_minor)

    @workflow.signal(description="A return is asked for, by the id of the stored webhook or request")
    def requested(self, event: PartnerEvent) -> None:
        self.requests.append(event)

    @workflow.signal(description="Reports on receipt, inspection and the way back, by the ids of stored webhooks")
    def partner_reported(self, reports: PartnerEvents) -> None:
        for event in reports.events:
            if (key := f"{event.partner}:{event.event_id}") not in self.seen:
                self.seen.add(key)
                self.case.inbox.append(event)

    @workflow.signal(description="The order says where the goods are")
    def goods_located(self, answer: GoodsAnswer) -> None:
        self.case.goods = self.case.goods or answer.goods

    @workflow.update(description="Approve or reject a case that waits for a person; say who you are")
    async def decide(self, verdict: CaseVerdict) -> str:
        self.case.verdict = self.case.verdict or verdict
        await workflow.wait_condition(lambda: self.case.status != ReturnStatus.REQUESTED)
        return self.case.status

    @decide.validator
    def _may_decide(self, verdict: CaseVerdict) -> None:
        if self.case.status != ReturnStatus.REQUESTED or self.case.verdict:
            raise ApplicationError(f"the case is {self.case.status}: nothing waits for a decision", type="TooLate")
        if verdict.refund_to not in ("", *RefundTo) or verdict.remedy not in ("", *Remedy):
            raise ApplicationError("refund_to or remedy is none that there is", type="UnknownWord")

    @workflow.update(description="Cancel the case: undo what was done for it; say who you are")
    async def cancel(self, request: CaseCancel) -> str:
        self.case.cancel = self.case.cancel or request
        await workflow.wait_condition(lambda: self.case.cancel is None or self._over())
        if self.case.status != ReturnStatus.CANCELED:
            raise ApplicationError(f"the case is {self.case.status}: it is too late to cancel it", type="TooLate")
        return self.case.status

    @cancel.validator
    def _may_cancel(self, request: CaseCancel) -> None:
        if not self.case.may_cancel:
            raise ApplicationError(f"the case is {self.case.status}: it is too late to cancel it", type="TooLate")

    @workflow.update(description="Have what was refused or could not be done tried again; say who you are")
    async def retry(self, actor: str) -> None:
        self.try_again = True

    @retry.validator
    def _may_retry(self, actor: str) -> None:
        if self.try_again:
            raise ApplicationError("nothing waits to be tried again", type="NothingRefused")

    async def _open(self) -> Case:
        event = self.requests[0]
        request = CaseRequest(
            self.start.channel, self.start.channel_order_id, self.start.case_id, event.partner, event.event_id
        )
        return await self.steps.run_local(ReturnRequests.open_return, request, "open the case by the return policy")

    async def _see_through(self) -> CaseEnds:
        """Live the story of the case. What cannot be done waits for a person, who has it tried again from there."""
        while True:
            try:
                await self.case.decided()
                await STORIES[ReturnKind(self.case.case.kind)](self.case)
                return CaseEnds(ReturnStatus.CLOSED, "")
            except CaseEnds as early:
                await self.case.take_back(early.reason)
                return early
            except FailureError as error:
                await self._wait_for_a_person("STEP_FAILED", f"the case cannot go on: {why(error)}")

    async def _end(self, end: CaseEnds) -> None:
        for who in list(self.steps.dues):
            await self.steps.end_deadline(who)
        # What only a person can mend stays in view.
        for code in [code for code in self.alerts if code != "UNDO_REFUSED"]:
            await self._attend(code, "")
        request = EndReturnRequest(self.case.case.return_id, end.status, end.reason, end.actor)
        await self.steps.run_local(Returns.end_return, request, f"{end.status} {end.reason}")
        self.case.status = end.status
        self._show(end.status)

    async def _hear_the_last(self) -> None:
        """Take in what was reported when the case no longer waited for it: goods that came are put aside."""
        while self.case.inbox and self.start.edition >= MINDS_CHANGES:
            await self.case.hear()

    async def _until_over(self, living: asyncio.Task[ReturnOutcome]) -> bool:
        """Wait for the end of the story. True if an operator canceled it, which undoes what can be undone."""
        stopped = False
        while not living.done():
            try:
                await workflow.wait_condition(living.done)
            except asyncio.CancelledError:
                stopped = True
                self.case.cancel = self.case.cancel or CaseCancel("canceled in Temporal", "operator")
        return stopped

    async def _wait_for_a_person(self, code: str, reason: str) -> None:
        self.try_again = False
        await self._attend(code, reason)
        await self.steps.wait("person", f"a person to have it tried again: {reason}", self._may_go_on)
        self.try_again = True
        await self._attend(code, "")

    def _may_go_on(self) -> bool:
        canceled = self.start.edition >= MINDS_CHANGES and self.case.cancel is not None and self.case.may_cancel
        return self.try_again or canceled

    async def _attend(self, code: str, reason: str) -> None:
        await self._alert(code, self.case.case.return_id, reason)

    async def _alert(self, code: str, subject: str, reason: str) -> None:
        """What is still open stays in view when something else is over."""
        self.alerts.pop(code, None)
        if reason:
            self.alerts[code] = reason
        workflow.upsert_search_attributes([search_attributes.NEEDS_ATTENTION.value_set(bool(self.alerts))])
        self.steps.show()
        request = AskAttentionRequest(self.case.case.return_id, code, reason)
        await self.steps.run_local(Returns.ask_attention, request, f"alert: {reason or 'over'}")

    def _tell(self) -> None:
        if self.telling:
            self.telling.tell()

    def _over(self) -> bool:
        return is_final(RETURN, ReturnStatus(self.case.status))

    def _story(self) -> list[str]:
        start = self.start
        headline = f"return {start.case_id} of {start.channel} {start.channel_order_id} is {self.case.status}"
        return [headline, *(f"needs a person: {code}: {reason}" for code, reason in self.alerts.items())]

    def _show(self, status: str) -> None:
        workflow.upsert_search_attributes([search_attributes.RETURN_STATUS.value_set(status)])
        self.steps.show()
