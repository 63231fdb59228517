"""Get the goods to the customer: reserve, allocate, and follow each fulfillment order to its end."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import FailureError

with workflow.unsafe.imports_passed_through():
    from activities.allocate import Allocate
    from activities.reserve import Reserve, StockRequest
    from domain.parcel_problems import REFUND
    from domain.status import FulfillmentStatus, OrderStatus
    from domain.undo import UndoRequest
    from record.sourcing.allocations import Allocation
    from workflows.fulfillment import Fulfillment
    from workflows.journey import PARCEL_SILENT
    from workflows.order_context import OrderContext, OrderEnds
    from workflows.shortage import Shortage
    from workflows.state import FulfillmentState
    from workflows.step_runner import why


class Supply:
    def __init__(self, order: OrderContext) -> None:
        self.order = order
        self.shortage = Shortage(order)
        self.fulfillments = [Fulfillment(order, state) for state in order.state.fulfillments]
        self._following: dict[str, asyncio.Task[None]] = {}
        """The task of each fulfillment order, by its name."""
        if order.hears_outcomes:
            order.steps.look_first[PARCEL_SILENT] = self._when_news_is_due
        self.review_again: Callable[[], Awaitable[None]] = self._no_review
        """Audits an order that has changed since it was accepted (workflows/review.py)."""

    async def keep_stock(self, until: datetime | None = None) -> None:
        """Reserve for an order that is held: once, and only if all of it is available; for a while, or longer `until`
        this moment."""
        if self.order.state.stock_kept_until or self.order.state.reserved or self.order.state.rounds:
            return
        self.order.undo.add("reservation", self.order.order_id)
        summary = "reserve stock while it is held"
        reservation = await self.order.steps.run_local(Reserve.reserve_stock, self._request(), summary)
        self.order.state.reserved = not reservation.short_units
        briefly = workflow.now() + timedelta(seconds=self.order.deadlines.reservation)
        self.order.state.stock_kept_until = max(until, briefly) if until else briefly

    async def release_kept_stock(self) -> None:
        """Release the stock of an order that was held for too long."""
        self.order.state.stock_kept_until = None
        if self.order.state.reserved:
            subject = f"{self.order.order_id}:{self.order.state.rounds}"
            undo = UndoRequest(self.order.order_id, subject, "it was held for too long")
            await self.order.steps.run_local(
                Reserve.release_stock, undo, "let go of the stock, it is held for too long"
            )
            self.order.state.reserved = False

    async def reserve(self) -> None:
        """Reserve all of the stock, or wait for it. Raises OrderEnds if the order is canceled meanwhile."""
        self.order.undo.add("reservation", self.order.order_id)
        self.order.state.stock_kept_until = None
        # An order that may be split allocates what is available without reserving first.
        while not self.order.state.reserved and not self.shortage.splits:
            # What the audit has allocated must be known here before it can be called back.
            if not self.order.state.allocated:
                self.order.stop_if_canceled()
            reservation = await self.order.steps.run_local(Reserve.reserve_stock, self._request(), "reserve stock")
            self.order.state.reserved = not reservation.short_units
            if not self.order.state.reserved:
                await self.shortage.resolve()
        if self.order.state.reserved:
            await self.shortage.close()

    def follow(self) -> None:
        """Have work go on that nobody follows yet, such as that of an order that has continued as new."""
        for fulfillment in self.fulfillments:
            if fulfillment.name not in self._following:
                self._following[fulfillment.name] = asyncio.create_task(self._follow(fulfillment))

    async def fulfill(self) -> None:
        """Source what is still to be sent; return when every fulfillment order has ended and one was delivered."""
        self.follow()
        if self.order.state.allocated:
            await self._source()
        while not self._all_settled():
            if self._must_source():
                if self.order.minds_changes and not self.fulfillments:
                    self.order.stop_if_canceled()
                await self._source()
            else:
                await workflow.wait_condition(lambda: self._must_source() or self._all_settled() or self._has_failed())
                self._raise_failure()
        await self._end_if_nothing_delivered()

    def look_again(self) -> None:
        """Source again: the order needs less than before, or more is available."""
        self.shortage.news = self.order.state.needs_stock = True

    async def call_back(self, reason: str) -> None:
        """Stop all work that can be stopped, and wait until it is: the order ends."""
        for fulfillment in self.fulfillments:
            if not fulfillment.ended:
                fulfillment.stop(reason, canceled=True)
        followed = [(work, self._following[work.name]) for work in self.fulfillments if work.name in self._following]
        await workflow.wait_condition(
            lambda: all(work.ended or work.reaction == "refused" or task.done() for work, task in followed)
        )

    async def _source(self) -> None:
        """Allocate what no fulfillment order covers yet, and begin the work."""
        self.shortage.news = self.order.more_is_missing = False
        allocation = await self._allocate()
        if allocation.unjudged:
            await self.review_again()
            return
        self._begin(allocation)
        if allocation.short_units:
            await self.shortage.resolve()
        else:
            # Before the wait: what is missing since then must not be forgotten.
            self.order.state.needs_stock = False
            await self.shortage.close()

    async def _allocate(self) -> Allocation:
        self.order.allocating = True
        try:
            summary = "allocate stock to locations"
            return await self.order.steps.run_local(Allocate.allocate_stock, self._request(), summary)
        finally:
            self.order.allocating = self.order.state.allocated = False

    def _begin(self, allocation: Allocation) -> None:
        for work in allocation.work:
            state = FulfillmentState(work.fulfillment_order_id, work.location_id, work.units)
            state.disputes_known = self.order.state.disputes_heard
            state.merge_window, state.pickup = 0.0 if work.pickup else allocation.merge_window, work.pickup
            if state.fulfillment_order_id not in self.order.state.waves_released:
                state.wave_at = work.wave_at
            self.order.state.fulfillments.append(state)
            self.fulfillments.append(Fulfillment(self.order, state))
            if self.order.minds_changes and self.order.state.cancel:
                # The order was canceled while the allocation ran.
                self.fulfillments[-1].stop(self.order.state.cancel.reason, canceled=True)
            self.follow()
        self.order.state.sourced = allocation.why or self.order.state.sourced
        if allocation.work or not allocation.short_units:
            self.order.advance(OrderStatus.IN_PROGRESS)

    async def _follow(self, fulfillment: Fulfillment) -> None:
        """Run a fulfillment order to its end. A failure that cannot be retried waits for a person to release it."""
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
        if came_back and not await self._is_wanted_back(fulfillment):
            await self._settle_returned_parcel(fulfillment)
        if state.status != FulfillmentStatus.DELIVERED:
            self.order.source_again()
        state.settled = True
        if state.remedy:
            await fulfillment.hear_late_reports()

    async def _when_news_is_due(self, who: str) -> datetime:
        """Return until when news of a parcel are patiently waited for: most reports of carriers wake nobody."""
        [fulfillment] = [one for one in self.fulfillments if one.journey.news == who]
        return await fulfillment.reports.when_due()

    async def _is_wanted_back(self, fulfillment: Fulfillment) -> bool:
        """True if somebody has asked for the goods that are back, so that no person has to decide about them."""
        if not self.order.minds_changes:
            return bool(fulfillment.stop_reason)
        if fulfillment.stop_reason and self.order.calling_back:
            await workflow.wait_condition(lambda: not self.order.calling_back)
            if self.order.offers.all_taken:
                return True
        return self.order.state.cancel is not None or await self.order.offers.offer(fulfillment.name)

    async def _settle_returned_parcel(self, fulfillment: Fulfillment) -> None:
        """Do with a parcel that is back what the channel wants, or what a person decides."""
        state = fulfillment.state
        if not state.remedy and not await fulfillment.journey.mishap.settle_refused():
            reason = f"the parcel {state.waybill} came back: release to send it again, or cancel"
            what = f"the decision about {state.waybill}"
            self.order.steps.set_deadline(fulfillment.name, "PARCEL_UNDECIDED", what, self.order.deadlines.decision)
            await self.order.hold_until_released("CAME_BACK", reason, fulfillment.name)
            await self.order.steps.end_deadline(fulfillment.name)

    async def _end_if_nothing_delivered(self) -> None:
        """Raise OrderEnds if nothing was delivered: the order was canceled, or all was given back before it left."""
        if not self.delivered and not self.order.state.elsewhere:
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

    @property
    def delivered(self) -> bool:
        """True if anything that we sent was delivered."""
        return any(fulfillment.state.status == FulfillmentStatus.DELIVERED for fulfillment in self.fulfillments)

    def _request(self) -> StockRequest:
        self.order.state.rounds += 1
        return StockRequest(
            self.order.order_id,
            self.order.state.rounds,
            self.shortage.splits,
            judged=self.order.minds_changes,
            at_once=self.order.state.allocated,
        )

    def _must_source(self) -> bool:
        state = self.order.state
        busy = self.order.calling_back or self.order.editing or self.order.taking_out
        return state.needs_stock and state.cancel is None and not busy

    def _all_settled(self) -> bool:
        missing = self.order.state.needs_stock and self.order.state.cancel is None
        return (
            not missing
            and not self.order.editing
            and all(fulfillment.state.settled for fulfillment in self.fulfillments)
        )

    async def _no_review(self) -> None:
        pass

    def _has_failed(self) -> bool:
        return any(task.done() and task.exception() for task in self._following.values())

    def _raise_failure(self) -> None:
        for task in self._following.values():
            if task.done():
                task.result()
