"""Cancel an order under way: stop its work, ask the carrier to stop parcels, and answer what became of it."""

from collections.abc import Sequence

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.status import OrderStatus
    from workflows.fulfillment import Fulfillment
    from workflows.messages import CancelAnswer, CancelRequest
    from workflows.order_context import OrderContext
    from workflows.state import OrderOutcome


class Cancellation:
    """`fulfillments` is the order's own list, which grows."""

    def __init__(self, order: OrderContext, fulfillments: Sequence[Fulfillment]) -> None:
        self.order = order
        self.fulfillments = fulfillments
        self.refusal = ""
        """Why the newest request cannot be carried out, or empty."""

    def begin(self, request: CancelRequest) -> None:
        """Ask everything under way to stop. A second request joins the first."""
        self.refusal = self.order.refuses_cancel(request)
        if self.refusal:
            return
        cancel = self.order.state.cancel = self.order.state.cancel or request
        for fulfillment in self.fulfillments:
            if not (self.order.minds_changes and fulfillment.ended):
                fulfillment.stop(cancel.reason, canceled=True)

    def resume(self) -> None:
        """Let go on what could not be stopped, unless part of the order was called back: that is not sent again."""
        concerned = self._concerned()
        if any(fulfillment.reaction == "recalled" for fulfillment in concerned):
            return
        self.order.state.cancel = None
        for fulfillment in concerned:
            fulfillment.stop("")

    def answer(self, outcome: OrderOutcome | None) -> CancelAnswer | None:
        """Return what became of the request, or None while that is not known."""
        if outcome:
            done = outcome.outcome == OrderStatus.CANCELED
            return CancelAnswer("done" if done else "refused", f"the order is {outcome.outcome}")
        reactions = {fulfillment.reaction for fulfillment in self._concerned()}
        if self.order.state.elsewhere and not reactions and not self.order.state.cancel:
            return CancelAnswer("refused", self.refusal or self.order.refuses_cancel(CancelRequest("", "")))
        if "" in reactions or reactions <= {"recalled"}:
            return None
        if "asked" in reactions:
            return CancelAnswer("interception_asked", "the carrier was asked to bring the parcel back")
        if "recalled" in reactions:
            return CancelAnswer("refused", "part is on its way and cannot be stopped; the rest is called back")
        if reactions == {"delivered"}:
            return CancelAnswer("refused", "the goods are delivered: ask for a return")
        return CancelAnswer("refused", "the parcel is on its way and the carrier does not stop it")

    def _concerned(self) -> list[Fulfillment]:
        """Return those asked to stop or delivered before; one that ended otherwise does not count in the answer."""
        return [
            one
            for one in self.fulfillments
            if one.state.canceled or one.reaction == "delivered" or not self.order.minds_changes
        ]
