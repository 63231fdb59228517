"""The life of one order.

    received ─ audit ─┬─ holds ─┐
                      │         ▼
                      └─► reserve ─► allocate ─► for each location: pick ─► ship ─► delivered ─► completed
                               ▲        ▲                             │
                               │        └── short pick, rejection ◄───┤
                               └── stock arrives                      │
    canceled, rejected, expired: undone in reverse ◄──────────────────┘

Three tasks run beside it: they send messages, serve return cases and watch the deadlines.
"""

import asyncio
from dataclasses import replace

from temporalio import workflow
from temporalio.exceptions import ApplicationError, FailureError

with workflow.unsafe.imports_passed_through():
    from activities.holds import OpenHolds
    from activities.outcome import Ending, Outcome
    from domain.ids import number_of
    from domain.milestones import DELIVERED
    from domain.status import OrderStatus
    from record.channels.events import ELSEWHERE
    from workflows.cancellation import Cancellation
    from workflows.capturing import Capturing
    from workflows.editing import Editing
    from workflows.elsewhere import FulfilledElsewhere
    from workflows.messages import CancelAnswer, CancelRequest, News, OrderView, PartnerEvents, Verdict
    from workflows.order_context import OrderContext, OrderEnds
    from workflows.return_messages import GoodsWanted
    from workflows.review import Review
    from workflows.staff_updates import StaffUpdates
    from workflows.state import OrderInput, OrderOutcome
    from workflows.step_runner import why
    from workflows.supply import Supply
    from workflows.verdict import verdict
    from workflows.withdrawals import Withdrawals

REMEMBERED_EVENTS = 200
# Partners whose reports may cure a hold: the gateway for money, the channel for money or address.
MAY_CURE = ("payments", "channel")
DISPUTES = ("dispute.", "order.disputed")


@workflow.defn
class OrderWorkflow(StaffUpdates):
    @workflow.init
    def __init__(self, start: OrderInput) -> None:
        self.start = start
        self.order = OrderContext(start)
        self.supply = Supply(self.order)
        self.review = Review(self.order, self.supply)
        self.cancellation = Cancellation(self.order, self.supply.fulfillments)
        self.withdrawals = Withdrawals(self.order, self.supply.fulfillments, self.supply.look_again)
        self.editing = Editing(self.order, self.supply, self.review.judge_again)
        self.elsewhere = FulfilledElsewhere(self.order, self.supply.fulfillments, self.supply.look_again)
        self.capturing = Capturing(self.order)
        self.outcome: OrderOutcome | None = None

    @workflow.run
    async def run(self, start: OrderInput) -> OrderOutcome:
        deadlines = asyncio.create_task(self.order.steps.watch_deadlines())
        messages = asyncio.create_task(self.order.notifier.run())
        return_cases = asyncio.create_task(self.withdrawals.run())
        elsewhere = asyncio.create_task(self.elsewhere.run())
        story = asyncio.create_task(self._story())
        canceled_by_operator = await self._wait_for_end(story)
        await self._send_last(messages)
        self.elsewhere.closing = True
        await elsewhere
        await self._serve_last(return_cases)
        if not self.order.hears_outcomes:
            # Since then the end of the workflow ends its timer, without an event of its own.
            deadlines.cancel()
        await workflow.wait_condition(workflow.all_handlers_finished)
        outcome = story.result()
        if canceled_by_operator and outcome.outcome == OrderStatus.CANCELED:
            raise asyncio.CancelledError
        return outcome

    async def _story(self) -> OrderOutcome:
        try:
            await self.review.run()
            await self._send_goods()
            self.order.ending = True
            return await self._end(OrderEnds(OrderStatus.COMPLETED, "everything was delivered"))
        except OrderEnds as early:
            end = early
        except FailureError as error:
            end = OrderEnds(OrderStatus.REJECTED, f"a step cannot be done: {why(error)}")
        self.order.ending = True
        if self.order.editing:
            # It may claim stock, which is given back below.
            await workflow.wait_condition(lambda: not self.order.editing)
        if self.order.minds_changes:
            await self.supply.call_back(end.reason)
        await self.order.undo.run(end.reason)
        # The end settles what is left of the money.
        await workflow.wait_condition(lambda: not self.order.repaying)
        return await self._end(end)

    async def _send_goods(self) -> None:
        while True:
            if self.order.hears_outcomes:
                # No work waits until there is stock for the rest.
                self.supply.follow()
            if self._sends_nothing():
                # Goods may come to the order.
                await workflow.wait_condition(lambda: not self.order.editing)
            if self._sends_nothing():
                await self.supply.release_kept_stock()
                await self.capturing.before_goods_leave()
            else:
                await self.supply.reserve()
                await self.capturing.before_goods_leave()
                await self.supply.fulfill()
            if await self.elsewhere.all_left():
                return

    def _sends_nothing(self) -> bool:
        """True if its channel ships everything itself."""
        return self.order.state.nothing_to_send and not self.supply.fulfillments

    async def _send_last(self, messages: asyncio.Task[None]) -> None:
        self.withdrawals.over = True
        self.order.notifier.close()
        await messages

    async def _serve_last(self, return_cases: asyncio.Task[None]) -> None:
        # Last of all: a return case may ask at any moment and must get an answer.
        self.withdrawals.closing = True
        await return_cases

    async def _end(self, end: OrderEnds) -> OrderOutcome:
        by_channel = end.status == OrderStatus.COMPLETED and not self.supply.delivered
        ending = Ending(self.order.order_id, end.status, end.reason, end.actor, by_channel)
        await self.order.steps.run_local(Outcome.end_order, ending, f"{end.status}: {end.reason}")
        if end.status != OrderStatus.COMPLETED:
            self.order.set_holds(OpenHolds())
        # Alerts about deadlines are cleared; those that only a person can settle stay.
        for who in list(self.order.state.dues):
            await self.order.steps.end_deadline(who)
        self.order.advance(end.status)
        self.order.notifier.wake([DELIVERED] if end.status == OrderStatus.COMPLETED else None)
        self.outcome = OrderOutcome(end.status, end.reason)
        return self.outcome

    @workflow.update(description="Cancel the order: undo everything so far, or ask the carrier to bring it back")
    async def cancel(self, request: CancelRequest) -> CancelAnswer:
        self.cancellation.begin(request)
        answer: CancelAnswer | None = None

        def answered() -> bool:
            # Kept as soon as it is found: a second caller, once refused, lets the order go on and changes it.
            nonlocal answer
            answer = self.cancellation.answer(self.outcome)
            return answer is not None

        await workflow.wait_condition(answered)
        assert answer is not None
        if answer.answer == "refused" and self.outcome is None:
            self.cancellation.resume()
        return answer

    @cancel.validator
    def _may_cancel(self, request: CancelRequest) -> None:
        if self.outcome:
            raise ApplicationError(f"the order is already {self.outcome.outcome}", type="TooLate")

    @workflow.update(description="Whether the order is audited and its stock reserved, as soon as that is known")
    async def accepted(self) -> Verdict:
        await workflow.wait_condition(lambda: self._verdict() is not None)
        first = self._verdict()
        assert first is not None
        return first

    def _verdict(self) -> Verdict | None:
        return verdict(self.order.state, self.supply.shortage.lacks, self.outcome)

    @workflow.signal(description="Reports of partners and of the channel, by the ids of stored webhooks")
    def partner_reported(self, reports: PartnerEvents) -> None:
        seen = self.order.state.seen
        for event in reports.events:
            key = f"{event.partner}:{event.event_id}"
            if key in seen:
                continue
            seen.append(key)
            del seen[:-REMEMBERED_EVENTS]
            self.order.state.audit_again |= event.partner in MAY_CURE
            self.order.state.disputes_heard += event.type.startswith(DISPUTES)
            if event.type == ELSEWHERE:
                self.elsewhere.hear()
            for fulfillment in self.supply.fulfillments:
                if fulfillment.name == event.subject:
                    fulfillment.state.inbox.append(event)

    @workflow.signal(description="How far fulfillment orders are, after reports that the order acts on")
    def progressed(self, news: News) -> None:
        for fulfillment in self.supply.fulfillments:
            if (number := number_of(fulfillment.name)) in news.progress:
                fulfillment.reports.hear(news.progress[number])

    @workflow.signal(description="Stock that the order waits for has arrived, or is expected on another day")
    def stock_arrived(self) -> None:
        self.supply.shortage.news = True

    @workflow.signal(description="The wave of a location is released: work that waited for it begins")
    def wave_released(self, fulfillment_order_id: str) -> None:
        self.order.state.waves_released.append(fulfillment_order_id)
        for fulfillment in self.supply.fulfillments:
            if fulfillment.name == fulfillment_order_id:
                fulfillment.state.wave_at = ""

    @workflow.signal(description="A return case asks for goods that have not been delivered yet")
    def goods_wanted(self, wanted: GoodsWanted) -> None:
        if wanted not in self.order.state.wanted:
            self.order.state.wanted.append(wanted)

    @workflow.query(description="Where the order stands and what it waits for")
    def view(self) -> OrderView:
        return OrderView(
            self.order.order_id,
            self.order.state.status,
            self.order.state.holds,
            "; ".join(self.order.steps.waits.values()),
            min((due.at for due in self.order.state.dues.values()), default=None),
            {fulfillment.name: fulfillment.state.status for fulfillment in self.supply.fulfillments},
        )

    async def _wait_for_end(self, story: asyncio.Task[OrderOutcome]) -> bool:
        """Wait for the end, or continue as new with the state so far. True if an operator canceled in Temporal."""
        canceled = False
        while not story.done():
            try:
                await workflow.wait_condition(lambda: story.done() or self._may_continue_as_new())
            except asyncio.CancelledError:
                canceled = True
                self.cancellation.begin(CancelRequest("canceled in Temporal", "operator"))
                continue
            if not story.done():
                self.order.state.telling = self.order.notifier.due
                workflow.continue_as_new(replace(self.start, state=self.order.state))
        return canceled

    def _may_continue_as_new(self) -> bool:
        """True between two steps of a long history, when all that matters is in the state."""
        limit = self.start.continue_after_events
        length = workflow.info().get_current_history_length()
        wanted = length > limit if limit else workflow.info().is_continue_as_new_suggested()
        return wanted and not self.order.steps.in_flight and not self.outcome and workflow.all_handlers_finished()
