"""The customer fetches the goods at the store: tell her that they are ready, and wait until she comes."""

from collections.abc import Awaitable, Callable

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.pickup import Pickups
    from domain.status import FulfillmentStatus
    from record.shipping.fulfillment_orders import FulfillmentStep
    from workflows.order_context import OrderContext
    from workflows.state import FulfillmentState

NOT_FETCHED = "nobody fetched it in time"


class Pickup:
    """One fulfillment order at a store. `hear_reports(what, wake)` waits for reports, or until `wake()`, and records
    them; `stopped()` is true once the fulfillment order is to end."""

    def __init__(
        self,
        order: OrderContext,
        state: FulfillmentState,
        hear_reports: Callable[[str, Callable[[], bool]], Awaitable[None]],
        stopped: Callable[[], bool],
    ) -> None:
        self._order = order
        self._state = state
        self._name = state.fulfillment_order_id
        self._hear_reports = hear_reports
        self._stopped = stopped

    async def wait(self) -> bool:
        """Return when the customer has fetched it, or it is to end. False when nobody came in time."""
        came = await self._wait_for_customer()
        await self._alert_lock(locked=False)
        return came

    async def _wait_for_customer(self) -> bool:
        if self._state.status == FulfillmentStatus.PACKED and not self._state.ready:
            await self._announce()
        while self._state.status == FulfillmentStatus.PACKED and not self._stopped():
            if self._order.steps.is_late(self._name):
                return False
            await self._hear_reports("the customer to fetch it", lambda: self._stopped() or self._is_late())
            await self._alert_lock(self._state.pickup_locked)
            # A new code may have been asked for, which must be sent to the customer.
            self._order.notifier.wake()
        return True

    async def _announce(self) -> None:
        self._order.steps.set_deadline(self._name, "PICKUP_LATE", "the pickup", self._order.deadlines.pickup)
        step = FulfillmentStep(self._order.order_id, self._name)
        await self._order.steps.run_local(Pickups.make_ready, step, "tell the customer that it can be fetched")
        self._state.ready = True
        self._order.notifier.wake()

    async def _alert_lock(self, locked: bool) -> None:
        """Alert a person about too many wrong codes; clear it when there is a new code, or nothing to fetch."""
        if locked != self._state.pickup_lock_told:
            self._state.pickup_lock_told = locked
            reason = f"too many wrong codes for {self._name}" if locked else ""
            await self._order.alert("PICKUP_LOCKED", self._name, reason)

    def _is_late(self) -> bool:
        return self._order.steps.is_late(self._name)
