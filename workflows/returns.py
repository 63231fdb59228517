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
    from domain.editions import HEARS_OUTCOMES, MINDS_CHANGES
    from domain.returns.kinds import RefundTo, Remedy, ReturnKind
    from domain.returns.requests import AskAttentionRequest, EndReturnRequest
    from domain.status import RETURN, ReturnStatus, is_final
    from workflows import search_attributes
    from workflows.case_state import CaseEnds
    from workflows.messages import PartnerEvent, PartnerEvents
    from workflows.notifier import Notifier
    from workflows.return_case import ReturnCase
    from workflows.return_messages import CaseCancel, CaseVerdict, GoodsAnswer, ReturnInput
    from workflows.return_stories import STORIES
    from workflows.step_runner import StepRunner, why


@dataclass(frozen=True)
class ReturnOutcome:
    """`outcome` is closed, rejected, canceled or expired."""

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
        self.steps = StepRunner({}, self._alert, self._details)
        self.case = ReturnCase(start, self.steps, self._show, self._notify, self._attend, self._wait_for_a_person)
        self.notifier: Notifier | None = None

    @workflow.run
    async def run(self, start: ReturnInput) -> ReturnOutcome:
        deadlines = asyncio.create_task(self.steps.watch_deadlines())
        await self.steps.wait("request", "the request itself", lambda: bool(self.requests))
        story = asyncio.create_task(self._story())
        canceled_by_operator = await self._wait_for_end(story)
        deadlines.cancel()
        await workflow.wait_condition(workflow.all_handlers_finished)
        outcome = story.result()
        if canceled_by_operator and outcome.outcome == ReturnStatus.CANCELED:
            raise asyncio.CancelledError
        return outcome

    async def _story(self) -> ReturnOutcome:
        self.case.begin(await self._open())
        hands_over = self.start.edition >= HEARS_OUTCOMES
        self.notifier = Notifier(self.case.case.order_id, self.steps, hands_over=hands_over)
        messages = asyncio.create_task(self.notifier.run())
        self._notify()
        end = await self._carry_out()
        await self._end(end)
        await self._hear_last_reports()
        self._notify()
        self.notifier.close()
        await messages
        await self._hear_last_reports()
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
        await workflow.wait_condition(lambda: self.case.cancel is None or self._has_ended())
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

    async def _carry_out(self) -> CaseEnds:
        """Decide the case and tell the story of its kind. A failed step waits for a person to have it tried again."""
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
        # A refused undo stays in view: only a person can settle it.
        for code in [code for code in self.alerts if code != "UNDO_REFUSED"]:
            await self._attend(code, "")
        request = EndReturnRequest(self.case.case.return_id, end.status, end.reason, end.actor)
        await self.steps.run_local(Returns.end_return, request, f"{end.status} {end.reason}")
        self.case.status = end.status
        self._show(end.status)

    async def _hear_last_reports(self) -> None:
        """Record reports that came when the case no longer waited for them: goods that came are put aside."""
        while self.case.inbox and self.start.edition >= MINDS_CHANGES:
            await self.case.hear()

    async def _wait_for_end(self, story: asyncio.Task[ReturnOutcome]) -> bool:
        """Wait for the end. True if an operator canceled in Temporal, which undoes what can be undone."""
        canceled = False
        while not story.done():
            try:
                await workflow.wait_condition(story.done)
            except asyncio.CancelledError:
                canceled = True
                self.case.cancel = self.case.cancel or CaseCancel("canceled in Temporal", "operator")
        return canceled

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
        """Ask a person to look; an empty reason clears the alert, and others stay."""
        self.alerts.pop(code, None)
        if reason:
            self.alerts[code] = reason
        workflow.upsert_search_attributes([search_attributes.NEEDS_ATTENTION.value_set(bool(self.alerts))])
        self.steps.show()
        request = AskAttentionRequest(self.case.case.return_id, code, reason)
        await self.steps.run_local(Returns.ask_attention, request, f"alert: {reason or 'over'}")

    def _notify(self) -> None:
        if self.notifier:
            self.notifier.wake()

    def _has_ended(self) -> bool:
        return is_final(RETURN, ReturnStatus(self.case.status))

    def _details(self) -> list[str]:
        start = self.start
        headline = f"return {start.case_id} of {start.channel} {start.channel_order_id} is {self.case.status}"
        return [headline, *(f"needs a person: {code}: {reason}" for code, reason in self.alerts.items())]

    def _show(self, status: str) -> None:
        workflow.upsert_search_attributes([search_attributes.RETURN_STATUS.value_set(status)])
        self.steps.show()
