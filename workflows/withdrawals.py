"""Return cases that ask for goods which have not been delivered: call them back, stop them on the road, or say no."""

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
    """`fulfillments` is the order's own list; `withdrawn()` tells the order that it may need less than it thought."""

    def __init__(self, order: OrderContext, fulfillments: Sequence[Fulfillment], withdrawn: Callable[[], None]) -> None:
        self._order = order
        self._fulfillments = fulfillments
        self._withdrawn = withdrawn
        self.over = False
        """Whether the order has ended: nothing will be called back or delivered any more."""
        self.closing = False
        """Whether the workflow is about to end: serve the last case and return."""

    async def run(self) -> None:
        """Serve the cases one after the other, until the workflow closes and none is left."""
        wanted = self._order.state.wanted
        while wanted or not self.closing:
            await workflow.wait_condition(lambda: bool(wanted) or self.closing)
            if not wanted:
                continue
            await self._answer(wanted[0], await self._find(wanted[0]))
            wanted.pop(0)

    async def _find(self, wanted: GoodsWanted) -> str:
        """Where the goods of the case are, once that is certain."""
        self._order.calling_back = True
        found = await self._call_back(wanted)
        self._order.calling_back = False
        if not found and self._order.minds_changes:
            found = await self._until_delivered(wanted)
        elif not found:
            await self._order.steps.wait(wanted.return_id, "the parcels to be delivered", lambda: self.over)
        return found or "delivered"

    async def _until_delivered(self, wanted: GoodsWanted) -> str:
        """Take what comes back although it could not be stopped, such as a parcel that its receiver refuses; empty
        when it was delivered."""
        offers = self._order.offers
        offers.wanted, found = True, ""
        while not found and not self.over:
            what = "the parcels to be delivered"
            await self._order.steps.wait(wanted.return_id, what, lambda: self.over or bool(offers.open))
            # An order that was canceled had everything called back.
            withdrawn = await self._withdraw(wanted, "intercepted" if offers.open else "recalled")
            found = "" if not withdrawn.done else "intercepted" if offers.open else "recalled"
            offers.answer(taken=withdrawn.done and not withdrawn.left_units)
        offers.wanted = False
        return found

    async def _call_back(self, wanted: GoodsWanted) -> str:
        """Stop what can be stopped and take the goods out of the order; empty when they are on their way."""
        if (await self._withdraw(wanted, "recalled")).done:
            return "recalled"
        if self._order.minds_changes:
            # What comes of it is not known here yet, and is to be called back too.
            await workflow.wait_condition(lambda: not self._order.allocating)
        reason = f"given back in case {wanted.return_id}"
        stopped = [fulfillment for fulfillment in self._fulfillments if not fulfillment.ended]
        on_the_road = any(fulfillment.state.status in ON_THE_ROAD for fulfillment in stopped)
        for fulfillment in stopped:
            # A parcel under way is stopped only when nothing else is in the order: it would have to be sent again.
            if fulfillment.state.status not in ON_THE_ROAD or wanted.everything:
                self._stop(fulfillment, reason)
        what = "the goods of a return case to be called back"
        await self._order.steps.wait(wanted.return_id, what, lambda: self.over or self._settled(stopped))
        goods = "intercepted" if on_the_road else "recalled"
        if (await self._withdraw(wanted, goods)).done:
            return goods
        if self._order.minds_changes and not wanted.everything:
            self._let_go(stopped, reason)
        return ""

    def _let_go(self, stopped: Sequence[Fulfillment], reason: str) -> None:
        """What its warehouse keeps goes on as if nobody had asked: most of it is not wanted back."""
        for fulfillment in stopped:
            if not fulfillment.ended and fulfillment.stop_reason == reason:
                fulfillment.stop("")

    def _stop(self, fulfillment: Fulfillment, reason: str) -> None:
        """What is to end since the order is canceled ends for that reason."""
        if not (self._order.minds_changes and fulfillment.stop_reason):
            fulfillment.stop(reason)

    def _settled(self, fulfillments: Sequence[Fulfillment]) -> bool:
        """Nothing that was stopped is still to be called back or on its way back."""
        return all(
            fulfillment.ended or fulfillment.reaction == "refused" or not fulfillment.stop_reason
            for fulfillment in fulfillments
        )

    async def _withdraw(self, wanted: GoodsWanted, goods: str) -> Withdrawn:
        withdrawal = Withdrawal(self._order.order_id, wanted.return_id, goods)
        summary = "take the goods of a return case out of the order"
        answer = await self._order.steps.run_local(Withdraw.withdraw_lines, withdrawal, summary)
        if answer.done:
            self._order.offers.nothing_left = not answer.left_units
            self._withdrawn()
        return answer

    async def _answer(self, wanted: GoodsWanted, goods: str) -> None:
        case = workflow.get_external_workflow_handle(wanted.return_workflow_id)
        try:
            await case.signal("goods_located", GoodsAnswer(wanted.return_id, goods))
        except ApplicationError:
            workflow.logger.warning("the return case ended before it was answered")
