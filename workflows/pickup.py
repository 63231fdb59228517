"""The customer fetches it at the store: ready, told, fetched; who does not come in time has canceled."""

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
    """One fulfillment order at a store. `reports(what, wake)` waits for reports, or until `wake()`; `stopped()` is true
    once it is to end."""

    def __init__(
        self,
        order: OrderContext,
        state: FulfillmentState,
        reports: Callable[[str, Callable[[], bool]], Awaitable[None]],
        stopped: Callable[[], bool],
    ) -> None:
        self._order = order
        self._state = state
        self._name = state.fulfillment_order_id
        self._reports = reports
        self._stopped = stopped

    async def fetched(self) -> bool:
        """Return when the customer has it, or when it is to end. False when nobody came in time."""
        came = await self._wait()
        await self._tell_of_lock(locked=False)
        return came

    async def _wait(self) -> bool:
        if self._state.status == FulfillmentStatus.PACKED and not self._state.ready:
            await self._tell()
        while self._state.status == FulfillmentStatus.PACKED and not self._stopped():
            if self._order.steps.is_late(self._name):
                return False
            await self._reports("the customer to fetch it", lambda: self._stopped() or self._too_late())
            await self._tell_of_lock(self._state.pickup_locked)
            # A new code may have been asked for, which the customer must be told.
            self._order.telling.tell()
        return True

    async def _tell(self) -> None:
        self._order.steps.set_deadline(self._name, "PICKUP_LATE", "the pickup", self._order.deadlines.pickup)
        step = FulfillmentStep(self._order.order_id, self._name)
        await self._order.steps.run_local(Pickups.make_ready, step, "tell the customer that it can be fetched")
        self._state.ready = True
        self._order.telling.tell()

    async def _tell_of_lock(self, locked: bool) -> None:
        """Too many wrong codes call a person, until there is a new code or nothing to fetch any more."""
        if locked != self._state.pickup_lock_told:
            self._state.pickup_lock_told = locked
            reason = f"too many wrong codes for {self._name}" if locked else ""
            await self._order.alert("PICKUP_LOCKED", self._name, reason)

    def _too_late(self) -> bool:
        return self._order.steps.is_late(self._name)
