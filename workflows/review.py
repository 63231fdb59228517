"""Before work starts: the order is audited, and waits until nothing holds it."""

from collections.abc import Callable
from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.audit import Audit, AuditRequest
    from domain import audit_rules
    from domain.status import OrderStatus
    from workflows.order_desk import OrderDesk, OrderEnds

# The gateway's webhook may be lost, so an unpaid order is looked at now and then, ever more rarely.
FIRST_RECHECK = timedelta(minutes=1)


class Review:
    """`again` is set when something came that may cure a hold."""

    def __init__(self, desk: OrderDesk) -> None:
        self.desk = desk
        self.again = False

    async def run(self) -> None:
        """Return when the order is accepted. Raises OrderEnds: rejected, expired unpaid, or canceled."""
        if self.desk.state.status not in (OrderStatus.RECEIVED, OrderStatus.UNDER_REVIEW):
            return
        self.desk.undo.add("payment", self.desk.order_id)
        self.desk.steps.due("review", "HELD", "the release of the holds", self.desk.deadlines.payment)
        if not self.desk.state.audits:
            await self._audit()
        while self.desk.state.holds:
            await self._held()
            self.desk.stop_if_canceled()
            if self.again:
                await self._audit()
        await self.desk.steps.done("review")
        self.desk.state.status = OrderStatus.ACCEPTED

    async def _audit(self) -> None:
        self.again = False
        self.desk.state.audits += 1
        request = AuditRequest(self.desk.order_id, self.desk.state.audits)
        result = await self.desk.steps.database(Audit.audit_order, request, "audit payment, address and goods")
        self.desk.state.holds = result.holds
        self.desk.telling.tell()
        if result.verdict == audit_rules.REJECT:
            raise OrderEnds(OrderStatus.REJECTED, result.reason)

    async def _held(self) -> None:
        """Wait for a release, a cure, or the end of patience with an unpaid order."""
        unpaid = "PAYMENT" in self.desk.state.holds
        if unpaid and self.desk.steps.late("review"):
            raise OrderEnds(OrderStatus.EXPIRED, "it was not paid in time")
        self.desk.advance(OrderStatus.UNDER_REVIEW)
        what = f"the release of the holds {', '.join(self.desk.state.holds)}"
        pause = FIRST_RECHECK * 2 ** min(self.desk.state.audits - 1, 8) if unpaid else None
        if not await self.desk.steps.wait("review", what, self._changed(unpaid), at_most=pause):
            self.again = True
        self.desk.show()

    def _changed(self, unpaid: bool) -> Callable[[], bool]:
        before = self.desk.state.holds
        return lambda: (
            self.again
            or self.desk.state.holds != before
            or self.desk.state.cancel is not None
            or (unpaid and self.desk.steps.late("review"))
        )
