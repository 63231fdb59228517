"""Before work starts: the order is audited, and waits until nothing holds it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.audit import Audit, AuditRequest
    from activities.holds import Expiry, Holds
    from domain.audit_facts import REJECT
    from domain.status import OrderStatus
    from workflows.order_context import OrderContext, OrderEnds
    from workflows.supply import Supply

# The gateway's webhook may be lost, so an unpaid order is looked at now and then, ever more rarely.
FIRST_RECHECK = timedelta(minutes=1)
EXPIRED = "HOLD_EXPIRED"


class Review:
    """`again` is set when something came that may cure a hold."""

    def __init__(self, order: OrderContext, supply: Supply) -> None:
        self.order = order
        self.supply = supply
        self.again = False
        supply.judge_again = self.judge_again

    async def run(self) -> None:
        """Return when the order is accepted. Raises OrderEnds: rejected, expired unpaid, or canceled."""
        if self.order.state.status not in (OrderStatus.RECEIVED, OrderStatus.UNDER_REVIEW):
            return
        self.order.undo.add("payment", self.order.order_id)
        self.order.steps.set_deadline("review", "HELD", "the release of the holds", self.order.deadlines.payment)
        if not self.order.state.audits:
            await self._audit()
        await self._until_released()
        self.order.state.status = OrderStatus.ACCEPTED

    async def judge_again(self) -> None:
        """Audit an order that has changed since it was accepted, and return when nothing holds it. Raises OrderEnds."""
        self.order.steps.set_deadline("review", "HELD", "the release of the holds", self.order.deadlines.payment)
        await self._audit()
        await self._until_released()
        if self.order.state.status == OrderStatus.UNDER_REVIEW:
            self.order.advance(OrderStatus.ACCEPTED)

    async def _until_released(self) -> None:
        while self.order.state.holds:
            if "TEST_ORDER" not in self.order.state.holds:
                await self.supply.keep_stock()
            await self._held()
            self.order.stop_if_canceled()
            if self.again:
                await self._audit()
        await self.order.steps.end_deadline("review")
        await self._nobody_needs_to_look()

    async def _audit(self) -> None:
        self.again = False
        self.order.state.audits += 1
        request = AuditRequest(self.order.order_id, self.order.state.audits)
        result = await self.order.steps.run_local(Audit.audit_order, request, "audit payment, address and goods")
        self.order.set_holds(result.open)
        self.order.telling.tell()
        if result.verdict == REJECT:
            raise OrderEnds(OrderStatus.REJECTED, result.reason)

    async def _held(self) -> None:
        """Wait for a release, a cure, an expiry, or the end of patience with an unpaid order."""
        unpaid = "PAYMENT" in self.order.state.holds
        if unpaid and self.order.steps.is_late("review"):
            begun = self.order.state.status == OrderStatus.IN_PROGRESS
            raise OrderEnds(OrderStatus.CANCELED if begun else OrderStatus.EXPIRED, "it was not paid in time")
        # Of an order whose goods were under way before it changed, the holds alone say that somebody must look.
        if self.order.state.status != OrderStatus.IN_PROGRESS:
            self.order.advance(OrderStatus.UNDER_REVIEW)
        what = f"the release of the holds {', '.join(self.order.state.holds)}"
        if not await self.order.steps.wait("review", what, self._changed(unpaid), at_most=self._patience(unpaid)):
            await self._time_has_passed(unpaid)
        self.order.show()

    def _patience(self, unpaid: bool) -> timedelta | None:
        """Until something happens by itself, or None if nothing will."""
        moments = [moment - workflow.now() for moment in (self.order.state.stock_kept_until, self._expiry()) if moment]
        if unpaid:
            moments.append(FIRST_RECHECK * 2 ** min(self.order.state.audits - 1, 8))
        return max(min(moments), timedelta()) if moments else None

    async def _time_has_passed(self, unpaid: bool) -> None:
        now, kept_until, expiry = workflow.now(), self.order.state.stock_kept_until, self._expiry()
        if kept_until and kept_until <= now:
            await self.supply.let_go()
        elif expiry and expiry <= now:
            await self._expire(now)
        else:
            self.again = unpaid

    async def _expire(self, now: datetime) -> None:
        """What the expiry of a hold does: the order goes on, is canceled, or somebody else is called."""
        expiry = Expiry(self.order.order_id, now.timestamp())
        expired = await self.order.steps.run_local(Holds.expire_holds, expiry, "do what the expiry of a hold does")
        self.order.set_holds(expired.left)
        if expired.cancel:
            raise OrderEnds(OrderStatus.CANCELED, expired.cancel)
        for code, reason in expired.escalated:
            await self.order.alert(EXPIRED, code, reason)

    async def _nobody_needs_to_look(self) -> None:
        for key in list(self.order.state.attention):
            code, _, subject = key.partition(" ")
            if code == EXPIRED:
                await self.order.alert(code, subject, "")

    def _expiry(self) -> datetime | None:
        expire = self.order.state.holds_expire
        return datetime.fromtimestamp(expire, UTC) if expire else None

    def _changed(self, unpaid: bool) -> Callable[[], bool]:
        before = self.order.state.holds
        return lambda: (
            self.again
            or self.order.state.holds != before
            or self.order.state.cancel is not None
            or self.order.state.rejection is not None
            or (unpaid and self.order.steps.is_late("review"))
        )
