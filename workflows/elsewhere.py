"""Hear that the channel has shipped goods itself: take them out of the order before they are sent twice."""

from collections.abc import Callable, Sequence

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.elsewhere import Elsewhere, ElsewhereRequest, TakenElsewhere
    from domain.elsewhere import SHIPPED_ELSEWHERE
    from domain.status import FulfillmentStatus
    from workflows.capturing import Capturing
    from workflows.fulfillment import Fulfillment
    from workflows.order_context import OrderContext

REASON = "the channel has shipped it itself"


class FulfilledElsewhere:
    """`fulfillments` is the order's own list, which grows; `look_again()` has the order sourced again."""

    def __init__(
        self, order: OrderContext, fulfillments: Sequence[Fulfillment], look_again: Callable[[], None]
    ) -> None:
        self.order = order
        self._fulfillments = fulfillments
        self._look_again = look_again
        self.closing = False
        """True once the order has ended: take the last news and return."""

    def hear(self) -> None:
        self.order.state.shipped_elsewhere += 1

    async def run(self) -> None:
        state = self.order.state
        while state.shipped_elsewhere or not self.closing:
            await workflow.wait_condition(lambda: state.shipped_elsewhere > 0 or self.closing)
            if state.shipped_elsewhere:
                await self._take()

    async def all_left(self) -> bool:
        """Wait until all that the channel ships itself has left, capture what it costs, and return True; False if goods
        of ours came to the order meanwhile. Raises OrderEnds if it is canceled before."""
        state, order = self.order.state, self.order

        def ready() -> bool:
            return not state.not_left or self._more_came() or state.cancel is not None or state.rejection is not None

        await order.steps.wait("elsewhere", "the channel to ship what it fulfills itself", ready)
        if state.not_left:
            order.stop_if_canceled()
        if self._more_came():
            return False
        await Capturing(order).elsewhere()
        # The gateway takes its time, and the order may be edited meanwhile.
        return not self._more_came()

    def _more_came(self) -> bool:
        state = self.order.state
        return self.order.editing or (state.needs_stock and not state.nothing_to_send and state.cancel is None)

    async def _take(self) -> None:
        """Take out what is free, call back what is not released yet, and leave the rest to a person."""
        self.order.taking_out, heard = True, self.order.state.shipped_elsewhere
        try:
            # An allocation under way may take the goods: its fulfillment orders must be known here.
            await workflow.wait_condition(lambda: not self.order.allocating)
            taken = await self._step()
            if taken.open_work:
                await self._stop(taken.open_work)
                taken = await self._step()
            self.order.learn_elsewhere(taken.units, taken.nothing_to_send, taken.not_left)
        finally:
            self.order.taking_out = False
        await Capturing(self.order).elsewhere()
        self._look_again()
        self.order.state.shipped_elsewhere -= heard
        if taken.left_units:
            await self.order.alert(SHIPPED_ELSEWHERE, self.order.order_id, taken.reason)

    async def _step(self) -> TakenElsewhere:
        request = ElsewhereRequest(self.order.order_id)
        summary = "take out what the channel has shipped itself"
        return await self.order.steps.run_local(Elsewhere.take_elsewhere, request, summary)

    async def _stop(self, names: Sequence[str]) -> None:
        # One that is stopped for this was so before the order continued as new.
        stopped = [
            one for one in self._fulfillments if one.name in names and not one.ended and one.stop_reason in ("", REASON)
        ]
        # It may have been released since: then its warehouse has it, and a person decides.
        stopped = [one for one in stopped if one.state.status == FulfillmentStatus.OPEN]
        for fulfillment in stopped:
            fulfillment.stop(REASON)
        what = "work to be called back that the channel has done itself"
        await self.order.steps.wait(
            SHIPPED_ELSEWHERE,
            what,
            lambda: all(one.ended or one.reaction == "refused" or not one.stop_reason for one in stopped),
        )
        for fulfillment in stopped:
            if not fulfillment.ended and fulfillment.stop_reason == REASON:
                fulfillment.stop("")
