"""Capture what the gateway has reserved: before a parcel leaves, when goods have left otherwise, or at the order."""

from collections.abc import Callable

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.capturing import Captures, CaptureStep
    from activities.holds import Holds, Release
    from domain.payment_terms import AT_ORDER, BY_SHIPMENT
    from record import journal
    from workflows.order_context import OrderContext
    from workflows.state import FulfillmentState

CAPTURE_FAILED = "CAPTURE_FAILED"


class Capturing:
    """What is captured for an order as a whole. An order that is paid has nothing to capture."""

    def __init__(self, order: OrderContext) -> None:
        self._order = order

    async def before_goods_leave(self) -> None:
        """Capture all of it where the terms say so, else for what the channel has shipped. Raises OrderEnds."""
        await self.at_order()
        await self.elsewhere()

    async def at_order(self) -> None:
        """Capture everything, where the terms say so; hold the order where the gateway refuses. Raises OrderEnds if it
        is canceled meanwhile."""
        state = self._order.state
        while state.captures == AT_ORDER and not state.captured:
            await self._order.wait_for_release(CAPTURE_FAILED, lambda: bool(state.cancel or state.rejection))
            self._order.stop_if_canceled()
            state.capture_tries += 1
            step = CaptureStep(self._order.order_id, round=state.capture_tries)
            answer = await self._order.steps.call_partner(Captures.capture_goods, step, "capture what was reserved")
            state.captured = not answer.refusal
            if answer.refusal:
                reason = f"the gateway captures nothing: {answer.refusal}"
                key = f"{self._order.order_id}:capture:{state.capture_tries}"
                await self._order.hold(CAPTURE_FAILED, reason, key, "finance")

    async def elsewhere(self) -> None:
        """Capture for what the channel has shipped itself, once all of it has left; a person is called where the
        gateway refuses."""
        state = self._order.state
        if state.captures == BY_SHIPMENT and state.elsewhere > state.captured_elsewhere and not state.not_left:
            step = CaptureStep(self._order.order_id, round=state.elsewhere)
            state.captured_elsewhere = state.elsewhere
            summary = "capture for what the channel has shipped"
            answer = await self._order.steps.call_partner(Captures.capture_goods, step, summary)
            reason = f"nothing is captured for what the channel has shipped: {answer.refusal}" if answer.refusal else ""
            await _alert(self._order, self._order.order_id, reason)


class ParcelCapture:
    """What is captured for one fulfillment order.

    `stopped()` is true once it is to end, and `has_news()` when there are reports to record.
    """

    def __init__(
        self, order: OrderContext, state: FulfillmentState, stopped: Callable[[], bool], has_news: Callable[[], bool]
    ) -> None:
        self._order = order
        self._state = state
        self._stopped = stopped
        self._has_news = has_news

    @property
    def due(self) -> bool:
        return self._order.state.captures == BY_SHIPMENT and not self._state.captured

    async def attempt(self) -> bool:
        """Capture what the parcel costs, unless it is held: then wait for the release, a stop or news. False when the
        gateway has refused: the order is held."""
        if CAPTURE_FAILED in self._order.state.holds:
            await self._order.wait_for_release(CAPTURE_FAILED, lambda: self._stopped() or self._has_news())
            return True
        refusal = await self._capture(self._stopped)
        if refusal:
            reason = f"the parcel from {self._state.location_id} stays here, nothing is captured for it: {refusal}"
            key = f"{self._state.fulfillment_order_id}:capture:{self._state.capture_tries}"
            await self._order.hold(CAPTURE_FAILED, reason, key, "finance")
        return not refusal

    async def when_gone(self) -> None:
        """Capture for goods that have left already, or were fetched; a person is called where the gateway refuses."""
        if not self.due:
            return
        name, refusal = self._state.fulfillment_order_id, await self._capture(lambda: False)
        await _alert(self._order, name, f"{name} has left and nothing is captured for it: {refusal}" if refusal else "")
        if CAPTURE_FAILED in self._order.state.holds:
            release = Release(self._order.order_id, CAPTURE_FAILED, journal.SYSTEM, "the parcel has left")
            self._order.set_holds(
                await self._order.steps.run_local(Holds.release_hold, release, "release the hold: the parcel has left")
            )

    async def _capture(self, stopped: Callable[[], bool]) -> str:
        self._state.capture_tries += 1
        name = self._state.fulfillment_order_id
        step = CaptureStep(self._order.order_id, name, self._state.capture_tries)
        summary = f"capture what {name} costs"
        answer = await self._order.steps.call_partner(Captures.capture_goods, step, summary, stopped)
        self._state.captured = not answer.refusal
        return answer.refusal


async def _alert(order: OrderContext, subject: str, reason: str) -> None:
    key = f"{CAPTURE_FAILED} {subject}"
    if reason or key in order.state.attention:
        await order.alert(CAPTURE_FAILED, subject, reason)
