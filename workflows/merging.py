"""Orders of one receiver share a parcel: wait for the others before the pick, and for all of it before the booking."""

from collections.abc import Callable
from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.merge import ALONE, GATHERING, Merge, MergeRequest, MergeStanding
    from domain.undo import UndoRequest
    from workflows.order_context import OrderContext
    from workflows.state import FulfillmentState


class Merging:
    """One fulfillment order's part in a merge; `news()` is true when it should look again or stop."""

    def __init__(self, order: OrderContext, state: FulfillmentState, news: Callable[[], bool]) -> None:
        self._order_id = order.order_id
        self._steps = order.steps
        self._state = state
        self._news = news

    async def join(self) -> None:
        """Look for orders of the same receiver, if the channel sets a merge window."""
        if self._state.merge_window and not self._state.merge_id:
            request = MergeRequest(self._order_id, self._state.fulfillment_order_id, self._state.merge_window)
            summary = "look for other orders of the same receiver"
            self._take(await self._steps.run_local(Merge.join_merge, request, summary))
            # It joins once: after leaving a merge it travels alone.
            self._state.merge_window = 0

    async def gather(self) -> None:
        """Wait while others may join, or until there is news."""
        until = self._state.merge_until
        if until is None:
            return
        remaining = max(until - workflow.now(), timedelta())
        what = f"other orders of the same receiver, until {until:%Y-%m-%d %H:%M} UTC"
        early = await self._steps.wait(self._state.fulfillment_order_id, what, self._news, at_most=remaining)
        if not early:
            await self.look(time_is_up=True)

    async def look(self, time_is_up: bool = False) -> MergeStanding:
        """Read how it stands in its merge."""
        request = MergeRequest(self._order_id, self._state.fulfillment_order_id, time_is_up=time_is_up)
        standing = await self._steps.run_local(Merge.look_at_merge, request, "look at the orders that it travels with")
        self._take(standing)
        return standing

    async def leave(self, reason: str, actor: str = "baton") -> str:
        """Leave the merge. Return the shipment that must be voided for that, or empty."""
        if not self._state.merge_id:
            return ""
        request = UndoRequest(self._order_id, self._state.fulfillment_order_id, reason, actor)
        standing = await self._steps.run_local(Merge.leave_merge, request, "leave the shared parcel")
        self._take(standing)
        return standing.shipment_id

    def _take(self, standing: MergeStanding) -> None:
        self._state.merge_id = "" if standing.state == ALONE else standing.merge_id
        self._state.merge_until = standing.until if standing.state == GATHERING else None
        self._state.travels_with = standing.others
        self._steps.show()
