"""Serve return cases for goods that are not delivered yet: call them back, stop them on the road, or say no."""

from collections.abc import Callable, Sequence

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.withdraw import Withdraw, Withdrawal, Withdrawn
    from domain.status import FulfillmentStatus
    from workflows.fulfillment import Fulfillment
    from workflows.order_context import OrderContext
    from workflows.return_messages import GoodsAnswer, GoodsWanted

ON_THE_ROAD = (FulfillmentStatus.SHIPPED,)


class Withdrawals:
    """`fulfillments` is the order's own list, which grows; `withdrawn()` says that the order needs fewer goods."""

    def __init__(self, order: OrderContext, fulfillments: Sequence[Fulfillment], withdrawn: Callable[[], None]) -> None:
        self._order = order
        self._fulfillments = fulfillments
        self._withdrawn = withdrawn
        self.over = False
        """True once the order has ended: nothing is called back or delivered any more."""
        self.closing = False
        """True once the workflow is about to end: serve the last case and return."""

    async def run(self) -> None:
        """Serve the cases one after the other, until the workflow closes and no case waits."""
        wanted = self._order.state.wanted
        while wanted or not self.closing:
            await workflow.wait_condition(lambda: bool(wanted) or self.closing)
            if not wanted:
                continue
            await self._answer(wanted[0], await self._locate(wanted[0]))
            wanted.pop(0)

    async def _locate(self, wanted: GoodsWanted) -> str:
        """Return where the goods of the case are, once that is certain: recalled, intercepted or delivered."""
        self._order.calling_back = True
        found = await self._call_back(wanted)
        self._order.calling_back = False
        if not found and self._order.minds_changes:
            found = await self._take_offered(wanted)
        elif not found:
            await self._order.steps.wait(wanted.return_id, "the parcels to be delivered", lambda: self.over)
        return found or "delivered"

    async def _take_offered(self, wanted: GoodsWanted) -> str:
        """Take goods that come back although they could not be stopped, such as a refused parcel. Empty when all was
        delivered."""
        offers = self._order.offers
        offers.awaited, found = True, ""
        while not found and not self.over:
            what = "the parcels to be delivered"
            await self._order.steps.wait(wanted.return_id, what, lambda: self.over or bool(offers.open))
            # Without an open offer, the order was canceled and had everything called back.
            withdrawn = await self._withdraw(wanted, "intercepted" if offers.open else "recalled")
            found = "" if not withdrawn.done else "intercepted" if offers.open else "recalled"
            offers.answer(taken=withdrawn.done and not withdrawn.left_units)
        offers.awaited = False
        return found

    async def _call_back(self, wanted: GoodsWanted) -> str:
        """Stop what can be stopped and take the goods out of the order. Empty when they are on their way."""
        first = await self._withdraw(wanted, "recalled")
        if first.done or first.elsewhere:
            return "recalled" if first.done else "delivered"
        if self._order.minds_changes:
            # Its fulfillment orders are not known here yet, and must be called back too.
            await workflow.wait_condition(lambda: not self._order.allocating)
        reason = f"given back in case {wanted.return_id}"
        stopped = [fulfillment for fulfillment in self._fulfillments if not fulfillment.ended]
        on_the_road = any(fulfillment.state.status in ON_THE_ROAD for fulfillment in stopped)
        for fulfillment in stopped:
            # Stop a parcel on the road only if the case wants the whole order: other goods would be sent again.
            if fulfillment.state.status not in ON_THE_ROAD or wanted.everything:
                self._stop(fulfillment, reason)
        what = "the goods of a return case to be called back"
        await self._order.steps.wait(wanted.return_id, what, lambda: self.over or self._settled(stopped))
        goods = "intercepted" if on_the_road else "recalled"
        if (await self._withdraw(wanted, goods)).done:
            return goods
        if self._order.minds_changes and not wanted.everything:
            self._resume(stopped, reason)
        return ""

    def _resume(self, stopped: Sequence[Fulfillment], reason: str) -> None:
        """Let work go on that its warehouse does not give back: most of it is not wanted back."""
        for fulfillment in stopped:
            if not fulfillment.ended and fulfillment.stop_reason == reason:
                fulfillment.stop("")

    def _stop(self, fulfillment: Fulfillment, reason: str) -> None:
        """Stop it, unless it already stops because the order is canceled."""
        if not (self._order.minds_changes and fulfillment.stop_reason):
            fulfillment.stop(reason)

    def _settled(self, fulfillments: Sequence[Fulfillment]) -> bool:
        """True when all that was to stop has ended, cannot be stopped, or goes on again."""
        return all(
            fulfillment.ended or fulfillment.reaction == "refused" or not fulfillment.stop_reason
            for fulfillment in fulfillments
        )

    async def _withdraw(self, wanted: GoodsWanted, goods: str) -> Withdrawn:
        withdrawal = Withdrawal(self._order.order_id, wanted.return_id, goods)
        summary = "take the goods of a return case out of the order"
        answer = await self._order.steps.run_local(Withdraw.withdraw_lines, withdrawal, summary)
        if answer.done:
            self._order.offers.all_taken = not answer.left_units
            self._withdrawn()
        return answer

    async def _answer(self, wanted: GoodsWanted, goods: str) -> None:
        case = workflow.get_external_workflow_handle(wanted.return_workflow_id)
        try:
            await case.signal("goods_located", GoodsAnswer(wanted.return_id, goods))
        except ApplicationError:
            workflow.logger.warning("the return case ended before it was answered")
