"""The life of one order.

received ─ audit ─┬─ holds ─┐
                  │         ▼
                  └─► reserve ─► allocate ─► for each location: pick ─► ship ─► delivered ─► completed
                           ▲        │                             │
                           └────────┴── short pick, rejection ◄───┘
cancel (update), expiry, rejection: whatever was done so far is undone in reverse
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.allocate import Allocate
    from activities.audit import Audit, AuditRequest
    from activities.holds import Holds, Release
    from activities.outcome import Ending, Outcome
    from activities.reserve import Reserve, StockRequest
    from domain import audit_rules
    from domain.status import FulfillmentStatus, OrderStatus
    from workflows.fulfillment import Fulfillment
    from workflows.messages import (
        CancelAnswer,
        CancelRequest,
        GoodsWanted,
        HoldAnswer,
        HoldRelease,
        OrderView,
        PartnerEvents,
    )
    from workflows.order_desk import OrderDesk, OrderEnds
    from workflows.state import FulfillmentState, OrderInput, OrderOutcome
    from workflows.withdrawals import Withdrawals

RECHECK_STOCK, RECHECK_PAYMENT = timedelta(hours=6), timedelta(minutes=15)
REMEMBERED_EVENTS = 200


@workflow.defn
class OrderWorkflow:
    @workflow.init
    def __init__(self, order: OrderInput) -> None:
        self.order = order
        self.desk = OrderDesk(order)
        self.state = self.desk.state
        self.fulfillments = [Fulfillment(self.desk.house, state) for state in self.state.fulfillments]
        self.withdrawals = Withdrawals(self.desk, self.fulfillments, self._look_again)
        self.outcome: OrderOutcome | None = None
        self.audit_again = False
        self.look_again = False

    @workflow.run
    async def run(self, order: OrderInput) -> OrderOutcome:
        keeping_time = asyncio.create_task(self.desk.desk.keep_time())
        telling = asyncio.create_task(self.desk.telling.run())
        withdrawing = asyncio.create_task(self.withdrawals.run())
        living = asyncio.create_task(self._live())
        stopped_by_operator = await self._until_over(living)
        self.withdrawals.over = True
        await withdrawing
        self.desk.telling.everything_told()
        await telling
        keeping_time.cancel()
        await workflow.wait_condition(workflow.all_handlers_finished)
        if stopped_by_operator and living.result().outcome == OrderStatus.CANCELED:
            raise asyncio.CancelledError
        return living.result()

    @workflow.update(description="Cancel the order: undo everything so far, or ask the carrier to bring it back")
    async def cancel(self, request: CancelRequest) -> CancelAnswer:
        self._stop(request)
        await workflow.wait_condition(lambda: self._cancel_answer() is not None)
        answer = self._cancel_answer()
        if answer and answer.answer == "refused" and self.outcome is None:
            self._go_on()
        return answer or CancelAnswer("refused", "")

    @cancel.validator
    def _may_cancel(self, request: CancelRequest) -> None:
        if self.outcome:
            raise ApplicationError(f"the order is already {self.outcome.outcome}", type="TooLate")

    @workflow.update(description="Release one hold, with who and why")
    async def release_hold(self, release: HoldRelease) -> HoldAnswer:
        wanted = Release(self.order.order_id, release.code, release.actor, release.note)
        summary = f"release the hold {release.code}"
        self.state.holds = await self.desk.desk.database(Holds.release_hold, wanted, summary)
        self.desk.show()
        return HoldAnswer(self.state.holds)

    @release_hold.validator
    def _may_release(self, release: HoldRelease) -> None:
        if release.code not in self.state.holds:
            raise ApplicationError(f"the order has no hold {release.code}", type="NoSuchHold")

    @workflow.signal(description="Reports of warehouse, carrier or payment gateway, by the ids of stored webhooks")
    def partner_reported(self, reports: PartnerEvents) -> None:
        for event in reports.events:
            key = f"{event.partner}:{event.event_id}"
            if key in self.state.seen:
                continue
            self.state.seen = [*self.state.seen[1 - REMEMBERED_EVENTS :], key]
            if event.partner == "payments":
                self.audit_again = True
            for fulfillment in self.fulfillments:
                if fulfillment.name == event.subject:
                    fulfillment.state.inbox.append(event)

    @workflow.signal(description="Stock that the order waits for has arrived")
    def stock_arrived(self) -> None:
        self.look_again = True

    @workflow.signal(description="A return case asks for goods that have not been delivered yet")
    def goods_wanted(self, wanted: GoodsWanted) -> None:
        if wanted not in self.state.wanted:
            self.state.wanted.append(wanted)

    @workflow.query(description="Where the order stands and what it waits for")
    def view(self) -> OrderView:
        due = min((due.at for due in self.state.dues.values()), default=None)
        return OrderView(
            self.order.order_id,
            self.state.status,
            self.state.holds,
            "; ".join(self.desk.desk.waits.values()),
            due,
            {fulfillment.name: fulfillment.state.status for fulfillment in self.fulfillments},
        )

    async def _live(self) -> OrderOutcome:
        try:
            await self._audit()
            await self._reserve()
            await self._fulfill()
            end = OrderEnds(OrderStatus.COMPLETED, "")
        except OrderEnds as ends:
            end = ends
        except ActivityError as error:
            end = OrderEnds(OrderStatus.REJECTED, f"a step cannot be done: {error.cause or error}")
        if end.status != OrderStatus.COMPLETED:
            await self.desk.undo.run(end.reason)
        ending = Ending(self.order.order_id, end.status, end.reason, end.actor)
        await self.desk.desk.database(Outcome.end_order, ending, f"{end.status}: {end.reason or 'all delivered'}")
        self.state.holds = [] if end.status != OrderStatus.COMPLETED else self.state.holds
        self.desk.advance(end.status)
        self.desk.telling.tell()
        self.outcome = OrderOutcome(end.status, end.reason)
        return self.outcome

    async def _until_over(self, living: asyncio.Task[OrderOutcome]) -> bool:
        """Wait for the end of the story, or continue as new with what is known so far. True if an operator ended it."""
        stopped = False
        while not living.done():
            try:
                await workflow.wait_condition(lambda: living.done() or self._may_continue_as_new())
            except asyncio.CancelledError:
                stopped = True
                self._stop(CancelRequest("canceled in Temporal", "operator"))
                continue
            if not living.done():
                self.state.telling = self.desk.telling.due
                workflow.continue_as_new(replace(self.order, state=self.state))
        return stopped

    def _may_continue_as_new(self) -> bool:
        """Only between two steps, when everything that matters stands in the state."""
        limit = self.order.continue_after_events
        length = workflow.info().get_current_history_length()
        wanted = length > limit if limit else workflow.info().is_continue_as_new_suggested()
        return wanted and not self.desk.desk.in_flight and not self.outcome and workflow.all_handlers_finished()

    def _stop(self, request: CancelRequest) -> None:
        self.state.cancel = self.state.cancel or request
        for fulfillment in self.fulfillments:
            fulfillment.stop(self.state.cancel.reason)

    def _go_on(self) -> None:
        """Nothing could be stopped: the order goes its way as if it had never been asked."""
        self.state.cancel = None
        for fulfillment in self.fulfillments:
            fulfillment.stop("")

    def _cancel_answer(self) -> CancelAnswer | None:
        """None while it is not known what can be undone."""
        if self.outcome:
            done = self.outcome.outcome == OrderStatus.CANCELED
            return CancelAnswer("done" if done else "refused", f"the order is {self.outcome.outcome}")
        reactions = {fulfillment.reaction for fulfillment in self.fulfillments}
        if "" in reactions or reactions <= {"recalled"}:
            return None
        if "asked" in reactions:
            return CancelAnswer("interception_asked", "the carrier was asked to bring the parcel back")
        if "recalled" in reactions:
            return CancelAnswer("refused", "part is on its way and cannot be stopped; the rest is called back")
        return CancelAnswer("refused", "the parcel is on its way and the carrier does not stop it")

    async def _audit(self) -> None:
        """Judge the order, and wait until nothing holds it. What a payment webhook cures is judged again."""
        if self.state.status not in (OrderStatus.RECEIVED, OrderStatus.UNDER_REVIEW):
            return
        self.desk.undo.add("payment", self.order.order_id)
        self.desk.desk.due("audit", "HELD", "the release of the holds", self.order.deadlines.payment)
        while True:
            self.audit_again = False
            self.state.audits += 1
            request = AuditRequest(self.order.order_id, self.state.audits)
            result = await self.desk.desk.database(Audit.audit_order, request, f"audit {self.state.audits}")
            self.state.holds = result.holds
            self.desk.telling.tell()
            if result.verdict == audit_rules.REJECT:
                raise OrderEnds(OrderStatus.REJECTED, result.reason)
            if not await self._held():
                break
        await self.desk.desk.done("audit")
        self.state.status = OrderStatus.ACCEPTED

    async def _held(self) -> bool:
        """Wait for the holds to go. True when the order must be judged again, False when it may go on."""
        if not self.state.holds:
            return False
        self.desk.advance(OrderStatus.UNDER_REVIEW)
        while self.state.holds and not self.audit_again:
            unpaid = "PAYMENT" in self.state.holds
            if unpaid and self.desk.desk.late("audit"):
                raise OrderEnds(OrderStatus.EXPIRED, "it was not paid in time")
            what = f"the holds to be released: {', '.join(self.state.holds)}"
            # The gateway's webhook may be lost, so an unpaid order is looked at now and then.
            woken = await self.desk.desk.wait(
                "audit", what, self._hold_changed(unpaid), at_most=RECHECK_PAYMENT if unpaid else None
            )
            self.desk.stop_if_canceled()
            self.audit_again |= not woken
        self.desk.show()
        return bool(self.state.holds)

    def _hold_changed(self, unpaid: bool) -> Callable[[], bool]:
        before = list(self.state.holds)
        return lambda: (
            self.state.holds != before
            or self.audit_again
            or self.state.cancel is not None
            or (unpaid and self.desk.desk.late("audit"))
        )

    async def _reserve(self) -> None:
        """Claim the stock, or wait for it."""
        while not self.state.reserved:
            self.desk.stop_if_canceled()
            self.desk.undo.add("reservation", self.order.order_id)
            self.state.rounds += 1
            request = StockRequest(self.order.order_id, self.state.rounds)
            reservation = await self.desk.desk.database(Reserve.reserve_stock, request, "reserve stock")
            self.state.reserved = not reservation.short_units
            if not self.state.reserved:
                await self._stock_arrives(reservation.short_units)
        await self.desk.desk.done("stock")

    async def _fulfill(self) -> None:
        """Source what is still to be sent, and follow each fulfillment order until all have ended."""
        following = [asyncio.create_task(self._follow(fulfillment)) for fulfillment in self.fulfillments]
        while not self._all_settled():
            if self._must_source():
                following += await self._source()
                continue
            await workflow.wait_condition(lambda: self._must_source() or self._all_settled() or _broken(following))
            for task in following:
                if task.done():
                    task.result()
        await self._judge_the_end()

    def _must_source(self) -> bool:
        return self.state.needs_stock and self.state.cancel is None

    def _all_settled(self) -> bool:
        return not self._must_source() and all(fulfillment.state.settled for fulfillment in self.fulfillments)

    async def _source(self) -> list[asyncio.Task[None]]:
        """Allocate what no fulfillment order takes care of, and begin the work."""
        self.look_again = False
        self.state.rounds += 1
        request = StockRequest(self.order.order_id, self.state.rounds)
        allocation = await self.desk.desk.database(Allocate.allocate_stock, request, "allocate stock to locations")
        if allocation.short_units:
            await self._stock_arrives(allocation.short_units)
            return []
        await self.desk.desk.done("stock")
        self.state.needs_stock = False
        new = [
            Fulfillment(self.desk.house, FulfillmentState(work.fulfillment_order_id, work.location_id, work.units))
            for work in allocation.work
        ]
        self.state.fulfillments += [fulfillment.state for fulfillment in new]
        self.fulfillments += new
        self.desk.advance(OrderStatus.IN_PROGRESS)
        return [asyncio.create_task(self._follow(fulfillment)) for fulfillment in new]

    async def _follow(self, fulfillment: Fulfillment) -> None:
        """See a fulfillment order through. What cannot be retried waits for a person, who may let it go on."""
        state = fulfillment.state
        while not fulfillment.ended:
            try:
                await fulfillment.run()
            except ActivityError as error:
                reason = f"{fulfillment.name} cannot go on: {error.cause or error}"
                await self.desk.hold_until_released("STEP_FAILED", reason, f"{fulfillment.name}:{workflow.uuid4()}")
        if state.status == FulfillmentStatus.CANCELED and state.waybill and not fulfillment.stop_reason:
            reason = f"the parcel {state.waybill} came back: release to send it again, or cancel"
            await self.desk.hold_until_released("CAME_BACK", reason, fulfillment.name)
        self.state.needs_stock |= state.status != FulfillmentStatus.DELIVERED
        state.settled = True

    async def _judge_the_end(self) -> None:
        """Nothing delivered means that the order was canceled, or that it was given back before it left."""
        if not any(fulfillment.state.status == FulfillmentStatus.DELIVERED for fulfillment in self.fulfillments):
            self.desk.stop_if_canceled()
            # The return case that took the goods back pays for them too.
            self.desk.undo.forget("payment")
            raise OrderEnds(OrderStatus.CANCELED, "everything was given back before it was shipped")
        if self.state.cancel:
            reason = "canceled when part of it was delivered: refund the rest by a return case"
            await self.desk.alert("PARTLY_CANCELED", self.order.order_id, reason)

    async def _stock_arrives(self, short_units: int) -> None:
        """Wait for an arrival, look again now and then in case its news was lost, and alert when it takes too long."""
        self.desk.desk.due("stock", "BACKORDER_LATE", "the stock", self.order.deadlines.backorder)
        ready = lambda: self.look_again or self.state.cancel is not None  # noqa: E731
        await self.desk.desk.wait("stock", f"{short_units} units that no location has", ready, at_most=RECHECK_STOCK)
        self.look_again = False

    def _look_again(self) -> None:
        self.look_again = True
        self.state.needs_stock = True


def _broken(tasks: list[asyncio.Task[None]]) -> bool:
    return any(task.done() and task.exception() for task in tasks)
