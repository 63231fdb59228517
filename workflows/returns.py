"""The life of one return case.

requested ─ policy ─┬─► rejected
                    └─► approved ─► ask the order ─┬─ recalled, intercepted ─────────────────┐
                                                   └─ delivered ─► expect ─► received ─► inspected
                                                                      └─► expired            ▼
                                                                   refund ─► settled ─► closed
"""

import asyncio
from dataclasses import dataclass

from temporalio import workflow
from temporalio.exceptions import ApplicationError, FailureError

with workflow.unsafe.imports_passed_through():
    from activities.return_reports import ReturnProgress, ReturnReports
    from activities.returns import Case, CaseRequest, CaseStep, Returns
    from domain.ids import order_workflow_id
    from domain.status import ReturnStatus
    from workflows import search_attributes
    from workflows.desk import Desk, why
    from workflows.messages import GoodsAnswer, GoodsWanted, PartnerEvent, PartnerEvents, ReturnDeadlines
    from workflows.telling import Telling


@dataclass(frozen=True)
class ReturnInput:
    """A case is named by channel, channel order and case id; what is asked comes with the first signal."""

    channel: str
    channel_order_id: str
    case_id: str
    deadlines: ReturnDeadlines


@dataclass(frozen=True)
class ReturnOutcome:
    """closed, rejected or expired; and what went back in minor units."""

    outcome: str
    refunded_minor: int = 0


@workflow.defn
class ReturnWorkflow:
    @workflow.init
    def __init__(self, start: ReturnInput) -> None:
        self.start = start
        self.requests: list[PartnerEvent] = []
        self.inbox: list[PartnerEvent] = []
        self.seen: set[str] = set()
        self.goods = ""
        self.status: str = ReturnStatus.REQUESTED
        self.return_id = ""
        self.refunds = 0
        self.try_again = True
        self.desk = Desk({}, self._alert, self._headline)

    @workflow.run
    async def run(self, start: ReturnInput) -> ReturnOutcome:
        keeping_time = asyncio.create_task(self.desk.keep_time())
        await self.desk.wait("request", "the request itself", lambda: bool(self.requests))
        case = await self._open()
        telling = Telling(case.order_id, self.desk)
        told = asyncio.create_task(telling.run())
        outcome = await self._see_through(case)
        telling.tell()
        telling.everything_told()
        await told
        keeping_time.cancel()
        await workflow.wait_condition(workflow.all_handlers_finished)
        return outcome

    @workflow.signal(description="A return is asked for, by the id of the stored webhook or request")
    def requested(self, event: PartnerEvent) -> None:
        self.requests.append(event)

    @workflow.signal(description="Reports of the warehouse on receipt and inspection, by the ids of stored webhooks")
    def partner_reported(self, reports: PartnerEvents) -> None:
        for event in reports.events:
            if (key := f"{event.partner}:{event.event_id}") not in self.seen:
                self.seen.add(key)
                self.inbox.append(event)

    @workflow.signal(description="The order says where the goods are")
    def goods_located(self, answer: GoodsAnswer) -> None:
        self.goods = self.goods or answer.goods

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
        case = await self.desk.database(Returns.open_return, request, "open the case by the return policy")
        self.return_id = case.return_id
        self._show(case.status)
        return case

    async def _see_through(self, case: Case) -> ReturnOutcome:
        """Settle the case. What cannot be done waits for a person, who has it tried again from there."""
        while True:
            try:
                return await self._settle(case)
            except FailureError as error:
                await self._wait_for_a_person("STEP_FAILED", f"the case cannot go on: {why(error)}")

    async def _settle(self, case: Case) -> ReturnOutcome:
        if case.status == ReturnStatus.REJECTED:
            return ReturnOutcome(ReturnStatus.REJECTED)
        if case.with_order and not self.goods:
            await self._ask_the_order(case)
        goods = self.goods or "delivered"
        await self.desk.database(Returns.record_goods, CaseStep(case.return_id, goods), f"the goods are {goods}")
        if goods == "delivered" and not await self._inspected():
            await self.desk.done("goods")
            return await self._end(ReturnStatus.EXPIRED, "the goods did not come in time")
        refunded = await self._refund()
        outcome = await self._end(ReturnStatus.CLOSED, "")
        return ReturnOutcome(outcome.outcome, refunded)

    async def _ask_the_order(self, case: Case) -> None:
        """Goods that have not been delivered are called back by the order, so that its page tells the story too."""
        wanted = GoodsWanted(case.return_id, workflow.info().workflow_id, case.everything)
        order = workflow.get_external_workflow_handle(
            order_workflow_id(self.start.channel, self.start.channel_order_id)
        )
        try:
            await order.signal("goods_wanted", wanted)
        except ApplicationError:
            # The order ended in the meantime: whatever it sent has been delivered.
            self.goods = "delivered"
        await self.desk.wait("goods", "the order to call the goods back", lambda: bool(self.goods))

    async def _inspected(self) -> bool:
        """Expect the goods, and write down what came and what becomes of it. False when nothing came in time."""
        step = CaseStep(self.return_id)
        refusal = await self.desk.partner(Returns.announce_return, step, "tell the warehouse what will come back")
        if refusal:
            await self._alert("RETURN_REFUSED", self.return_id, f"the warehouse does not expect the goods: {refusal}")
        self.desk.due("goods", "ARRIVAL", "the arrival of the goods", self.start.deadlines.arrival)
        while self.status != ReturnStatus.INSPECTED:
            arrived = self.status == ReturnStatus.RECEIVED
            what = "the inspection of the goods" if arrived else "the goods to arrive"
            await self.desk.wait("goods", what, lambda: bool(self.inbox) or self._too_late())
            if self._too_late():
                return False
            events = [(event.partner, event.event_id) for event in self.inbox]
            self.inbox.clear()
            reports = ReturnReports(self.return_id, events)
            self._show(
                await self.desk.database(ReturnProgress.record_return, reports, "record what the warehouse says")
            )
            if self.status == ReturnStatus.RECEIVED:
                self.desk.due("goods", "INSPECTION_LATE", "the inspection", self.start.deadlines.inspection)
        await self.desk.done("goods")
        return True

    def _too_late(self) -> bool:
        return self.status == ReturnStatus.APPROVED and self.desk.late("goods") and not self.inbox

    async def _refund(self) -> int:
        """Pay back to the original payment. What the gateway refuses waits for a person who has it tried again."""
        while True:
            self.refunds += 1
            step = CaseStep(self.return_id, str(self.refunds))
            answer = await self.desk.partner(Returns.refund_return, step, "refund to the original payment")
            if not answer.refusal:
                return answer.refunded_minor
            await self._wait_for_a_person("REFUND_REFUSED", f"the gateway refuses the refund: {answer.refusal}")

    async def _wait_for_a_person(self, code: str, reason: str) -> None:
        self.try_again = False
        await self._alert(code, self.return_id, reason)
        await self.desk.wait("person", f"a person to have it tried again: {reason}", lambda: self.try_again)
        await self._alert(code, self.return_id, "")

    async def _end(self, status: ReturnStatus, reason: str) -> ReturnOutcome:
        await self.desk.database(Returns.end_return, CaseStep(self.return_id, status, reason), f"{status} {reason}")
        self._show(status)
        return ReturnOutcome(status)

    def _headline(self) -> str:
        return f"return {self.start.case_id} of {self.start.channel} {self.start.channel_order_id} is {self.status}"

    async def _alert(self, code: str, subject: str, reason: str) -> None:
        workflow.upsert_search_attributes([search_attributes.NEEDS_ATTENTION.value_set(bool(reason))])
        step = CaseStep(self.return_id, code, reason)
        await self.desk.database(Returns.ask_attention, step, f"alert: {reason or 'over'}")

    def _show(self, status: str) -> None:
        if status != self.status or status == ReturnStatus.REQUESTED:
            workflow.upsert_search_attributes([search_attributes.RETURN_STATUS.value_set(status)])
        self.status = status
        self.desk.show()
