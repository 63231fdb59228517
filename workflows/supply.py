"""Getting the goods to the customer: reserve, allocate, and follow each fulfillment order to its end."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import FailureError

with workflow.unsafe.imports_passed_through():
    from activities.allocate import Allocate, Allocation
    from activities.reserve import Reserve, StockRequest
    from domain.parcel_problems import REFUND
    from domain.status import FulfillmentStatus, OrderStatus
    from domain.undo import UndoRequest
    from workflows.fulfillment import Fulfillment
    from workflows.order_context import OrderContext, OrderEnds
    from workflows.shortage import Shortage
    from workflows.state import FulfillmentState
    from workflows.step_runner import why


class Supply:
    def __init__(self, order: OrderContext) -> None:
        self.order = order
        self.shortage = Shortage(order)
        self.fulfillments = [Fulfillment(order, state) for state in order.state.fulfillments]
        self._following: list[asyncio.Task[None]] = []
        self.judge_again: Callable[[], Awaitable[None]] = self._accept_as_it_is
        """Audits an order that has changed since it was accepted, until it may go on (workflows/review.py)."""

    async def keep_stock(self) -> None:
        """Reserve for an order that is held, once and only if all of it is there."""
        if self.order.state.stock_kept_until or self.order.state.reserved or self.order.state.rounds:
            return
        self.order.undo.add("reservation", self.order.order_id)
        summary = "reserve stock while it is held"
        reservation = await self.order.steps.run_local(Reserve.reserve_stock, self._request(), summary)
        self.order.state.reserved = not reservation.short_units
        self.order.state.stock_kept_until = workflow.now() + timedelta(seconds=self.order.deadlines.reservation)

    async def let_go(self) -> None:
        """The order was held for too long to keep others from its stock."""
        self.order.state.stock_kept_until = None
        if self.order.state.reserved:
            subject = f"{self.order.order_id}:{self.order.state.rounds}"
            undo = UndoRequest(self.order.order_id, subject, "it was held for too long")
            await self.order.steps.run_local(
                Reserve.release_stock, undo, "let go of the stock, it is held for too long"
            )
            self.order.state.reserved = False

    async def reserve(self) -> None:
        """Claim all of the stock, or wait for it. Raises OrderEnds when the order is canceled meanwhile."""
        self.order.undo.add("reservation", self.order.order_id)
        self.order.state.stock_kept_until = None
        # An order that takes what there is claims it location by location.
        while not self.order.state.reserved and not self.shortage.splits:
            self.order.stop_if_canceled()
            reservation = await self.order.steps.run_local(Reserve.reserve_stock, self._request(), "reserve stock")
            self.order.state.reserved = not reservation.short_units
            if not self.order.state.reserved:
                await self.shortage.see_to()
        if self.order.state.reserved:
            await self.shortage.over()

    async def fulfill(self) -> None:
        """Source what is still to be sent, and return when every fulfillment order has ended and one was delivered."""
        self._following += [asyncio.create_task(self._follow(fulfillment)) for fulfillment in self.fulfillments]
        while not self._all_settled():
            if self._must_source():
                if self.order.minds_changes and not self.fulfillments:
                    self.order.stop_if_canceled()
                await self._source()
            else:
                await workflow.wait_condition(lambda: self._must_source() or self._all_settled() or self._broken())
                self._raise_what_broke()
        await self._judge_the_end()

    def look_again(self) -> None:
        """The order may need less than it thought, or there may be more than there was."""
        self.shortage.news = self.order.state.needs_stock = True

    async def call_back(self, reason: str) -> None:
        """The order ends while work is under way: stop what can be stopped, and wait until it is."""
        for fulfillment in self.fulfillments:
            if not fulfillment.ended:
                fulfillment.stop(reason, canceled=True)
        followed = list(zip(self.fulfillments, self._following, strict=False))
        await workflow.wait_condition(
            lambda: all(work.ended or work.reaction == "refused" or task.done() for work, task in followed)
        )

    async def _source(self) -> None:
        """Allocate what no fulfillment order takes care of, and begin the work."""
        self.shortage.news = self.order.more_is_missing = False
        allocation = await self._allocate()
        if allocation.unjudged:
            await self.judge_again()
            return
        self._begin(allocation)
        if allocation.short_units:
            await self.shortage.see_to()
        else:
            await self.shortage.over()
            self.order.state.needs_stock = False

    async def _allocate(self) -> Allocation:
        self.order.allocating = True
        try:
            summary = "allocate stock to locations"
            return await self.order.steps.run_local(Allocate.allocate_stock, self._request(), summary)
        finally:
            self.order.allocating = False

    def _begin(self, allocation: Allocation) -> None:
        for work in allocation.work:
            state = FulfillmentState(work.fulfillment_order_id, work.location_id, work.units)
            state.merge_window, state.pickup = 0.0 if work.pickup else allocation.merge_window, work.pickup
            if state.fulfillment_order_id not in self.order.state.waves_released:
                state.wave_at = work.wave_at
            self.order.state.fulfillments.append(state)
            self.fulfillments.append(Fulfillment(self.order, state))
            if self.order.minds_changes and self.order.state.cancel:
                # It was canceled while the allocation was under way.
                self.fulfillments[-1].stop(self.order.state.cancel.reason, canceled=True)
            self._following.append(asyncio.create_task(self._follow(self.fulfillments[-1])))
        self.order.state.sourced = allocation.why or self.order.state.sourced
        if allocation.work or not allocation.short_units:
            self.order.advance(OrderStatus.IN_PROGRESS)

    async def _follow(self, fulfillment: Fulfillment) -> None:
        """See a fulfillment order through. What cannot be retried waits for a person, who may let it go on."""
        state = fulfillment.state
        while not fulfillment.ended:
            try:
                await fulfillment.run()
            except FailureError as error:
                reason = f"{fulfillment.name} cannot go on: {why(error)}"
                stopped = fulfillment.stopped if self.order.minds_changes else None
                key = f"{fulfillment.name}:{workflow.uuid4()}"
                await self.order.hold_until_released("STEP_FAILED", reason, key, stopped)
        came_back = state.status == FulfillmentStatus.CANCELED and state.waybill
        if came_back and not await self._wanted_back(fulfillment):
            await self._settle_return(fulfillment)
        if state.status != FulfillmentStatus.DELIVERED:
            self.order.source_again()
        state.settled = True
        if state.remedy:
            await fulfillment.late_news()

    async def _wanted_back(self, fulfillment: Fulfillment) -> bool:
        """Whether somebody has asked for what is back, so that nobody need be asked what becomes of it."""
        if not self.order.minds_changes:
            return bool(fulfillment.stop_reason)
        if fulfillment.stop_reason and self.order.calling_back:
            await workflow.wait_condition(lambda: not self.order.calling_back)
            if self.order.offers.nothing_left:
                return True
        return self.order.state.cancel is not None or await self.order.offers.taken(fulfillment.name)

    async def _settle_return(self, fulfillment: Fulfillment) -> None:
        """A parcel is back, or given up as lost: as the channel wants, or as a person decides."""
        state = fulfillment.state
        if not state.remedy and not await fulfillment.journey.mishap.came_back():
            reason = f"the parcel {state.waybill} came back: release to send it again, or cancel"
            what = f"the decision about {state.waybill}"
            self.order.steps.set_deadline(fulfillment.name, "PARCEL_UNDECIDED", what, self.order.deadlines.decision)
            await self.order.hold_until_released("CAME_BACK", reason, fulfillment.name)
            await self.order.steps.end_deadline(fulfillment.name)

    async def _judge_the_end(self) -> None:
        """Nothing delivered means that the order was canceled, or that it was given back before it left."""
        if not any(fulfillment.state.status == FulfillmentStatus.DELIVERED for fulfillment in self.fulfillments):
            self.order.stop_if_canceled()
            if any(fulfillment.state.remedy == REFUND for fulfillment in self.fulfillments):
                # Ending the order pays everything back, with the shipping.
                raise OrderEnds(OrderStatus.CANCELED, "no parcel arrived, and everything is paid back")
            # The return case that took the goods back pays for them too.
            self.order.undo.forget("payment")
            raise OrderEnds(OrderStatus.CANCELED, "everything was given back before it was shipped")
        if self.order.state.cancel:
            reason = "canceled when part of it was delivered: refund the rest by a return case"
            await self.order.alert("PARTLY_CANCELED", self.order.order_id, reason)

    def _request(self) -> StockRequest:
        self.order.state.rounds += 1
        return StockRequest(
            self.order.order_id, self.order.state.rounds, self.shortage.splits, judged=self.order.minds_changes
        )

    def _must_source(self) -> bool:
        state = self.order.state
        return state.needs_stock and state.cancel is None and not self.order.calling_back

    def _all_settled(self) -> bool:
        wanting = self.order.state.needs_stock and self.order.state.cancel is None
        return not wanting and all(fulfillment.state.settled for fulfillment in self.fulfillments)

    async def _accept_as_it_is(self) -> None:
        pass

    def _broken(self) -> bool:
        return any(task.done() and task.exception() for task in self._following)

    def _raise_what_broke(self) -> None:
        for task in self._following:
            if task.done():
                task.result()
