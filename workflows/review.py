"""Before work starts: audit the order, and wait until nothing holds it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.audit import Audit, AuditRequest
    from activities.elsewhere import Elsewhere, ElsewhereRequest
    from activities.holds import Expiry, Holds
    from domain.audit_facts import REJECT
    from domain.milestones import RECEIVED
    from domain.presale import BALANCE_DUE
    from domain.status import OrderStatus
    from workflows.order_context import OrderContext, OrderEnds
    from workflows.supply import Supply

# The gateway's webhook may be lost, so an unpaid order is audited again now and then, ever more rarely.
FIRST_RECHECK = timedelta(minutes=1)
EXPIRED = "HOLD_EXPIRED"


class Review:
    def __init__(self, order: OrderContext, supply: Supply) -> None:
        self.order = order
        self.supply = supply
        supply.review_again = self.review_again

    async def run(self) -> None:
        """Return when the order is accepted. Raises OrderEnds: rejected, expired unpaid, or canceled."""
        if self.order.state.status not in (OrderStatus.RECEIVED, OrderStatus.UNDER_REVIEW):
            return
        self.order.undo.add("payment", self.order.order_id)
        if not self.order.hears_outcomes:
            self._set_deadline()
        if not self.order.state.audits:
            await self._audit()
        await self._wait_for_release()
        self.order.state.status = OrderStatus.ACCEPTED

    def judge_again(self) -> None:
        """Have the order audited in its new form: now if it is under review, else before it is allocated."""
        self.order.state.audit_again = True

    async def review_again(self) -> None:
        """Audit an order that has changed since it was accepted; return when nothing holds it. Raises OrderEnds."""
        self._set_deadline()
        await self._audit()
        await self._wait_for_release()
        if self.order.state.status == OrderStatus.UNDER_REVIEW:
            self.order.advance(OrderStatus.ACCEPTED)

    def _set_deadline(self) -> None:
        self.order.steps.set_deadline("review", "HELD", "the release of the holds", self.order.deadlines.payment)

    async def _wait_for_release(self) -> None:
        while self.order.state.holds:
            self._set_deadline()
            if self._keeps_stock():
                await self.supply.keep_stock(self._expiry() if self.order.state.presale_stock == "kept" else None)
            await self._wait_for_change()
            self.order.stop_if_canceled()
            if self.order.state.audit_again:
                await self._audit()
        await self.order.steps.end_deadline("review")
        await self._clear_expiry_alerts()

    def _keeps_stock(self) -> bool:
        state = self.order.state
        return "TEST_ORDER" not in state.holds and not state.nothing_to_send and state.presale_stock != "free"

    async def _audit(self) -> None:
        self.order.state.audit_again = False
        self.order.state.audits += 1
        # The two rounds are those of the steps reserve and allocate, which answer with what the audit has allocated.
        first = self.order.hears_outcomes and self.order.state.audits == 1 and not self.order.state.rounds
        request = AuditRequest(self.order.order_id, self.order.state.audits, round=2 if first else 0)
        self.order.allocating |= first
        try:
            result = await self.order.steps.run_local(Audit.audit_order, request, "audit payment, address and goods")
            self.order.state.allocated = result.allocated
        finally:
            self.order.allocating = self.order.state.allocated
        if result.elsewhere:
            self.order.learn_elsewhere(result.elsewhere, result.nothing_to_send, result.not_left)
        # Later audits may find it captured, which is no news here.
        self.order.state.captures = self.order.state.captures or result.captures
        if result.carried_home:
            summary = "take what was carried home from the stock of its store"
            await self.order.steps.run_local(Elsewhere.sell_at_counter, ElsewhereRequest(self.order.order_id), summary)
        self.order.state.presale_stock = result.presale_stock
        self.order.set_holds(result.open)
        self.order.notifier.wake([RECEIVED] if self.order.state.audits == 1 else [])
        if result.verdict == REJECT:
            raise OrderEnds(OrderStatus.REJECTED, result.reason)

    async def _wait_for_change(self) -> None:
        """Wait for a release, a cure, an expiry, or the payment deadline of an unpaid order."""
        unpaid = "PAYMENT" in self.order.state.holds
        looks_for_money = unpaid or not {"PAYMENT_DUE", BALANCE_DUE}.isdisjoint(self.order.state.holds)
        if self._is_too_late(unpaid):
            begun = self.order.state.status == OrderStatus.IN_PROGRESS
            raise OrderEnds(OrderStatus.CANCELED if begun else OrderStatus.EXPIRED, "it was not paid in time")
        # An order whose goods are under way keeps its status; its holds alone say that somebody must look.
        if self.order.state.status != OrderStatus.IN_PROGRESS:
            self.order.advance(OrderStatus.UNDER_REVIEW)
        what = f"the release of the holds {', '.join(self.order.state.holds)}"
        if not await self.order.steps.wait(
            "review", what, self._changed(unpaid), at_most=self._until_next_event(looks_for_money)
        ):
            await self._on_time(looks_for_money)
        self.order.show()

    def _is_too_late(self, unpaid: bool) -> bool:
        """True if the order was not paid in time. What the channel has shipped itself is not given up for that."""
        return unpaid and self.order.steps.is_late("review") and not self.order.state.elsewhere

    def _until_next_event(self, looks_for_money: bool) -> timedelta | None:
        """Return the time until something happens by itself, or None if nothing will."""
        moments = [moment - workflow.now() for moment in (self.order.state.stock_kept_until, self._expiry()) if moment]
        if looks_for_money:
            # The balance of a pre-sale may be weeks away.
            most = 8 if BALANCE_DUE not in self.order.state.holds else 11
            moments.append(FIRST_RECHECK * 2 ** min(self.order.state.audits - 1, most))
        return max(min(moments), timedelta()) if moments else None

    async def _on_time(self, looks_for_money: bool) -> None:
        now, kept_until, expiry = workflow.now(), self.order.state.stock_kept_until, self._expiry()
        if kept_until and kept_until <= now:
            await self.supply.release_kept_stock()
        elif expiry and expiry <= now:
            if BALANCE_DUE in self.order.state.holds:
                # The gateway's report of the balance may be lost: ask before the order ends for want of it.
                await self._audit()
            if self.order.state.holds:
                await self._expire(now)
        else:
            self.order.state.audit_again = looks_for_money

    async def _expire(self, now: datetime) -> None:
        """Apply expired holds: each is released, cancels the order, or is escalated to a person."""
        expiry = Expiry(self.order.order_id, now.timestamp())
        expired = await self.order.steps.run_local(Holds.expire_holds, expiry, "do what the expiry of a hold does")
        self.order.set_holds(expired.left)
        if expired.cancel:
            raise OrderEnds(OrderStatus.CANCELED, expired.cancel)
        for code, reason in expired.escalated:
            await self.order.alert(EXPIRED, code, reason)

    async def _clear_expiry_alerts(self) -> None:
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
            self.order.state.audit_again
            or self.order.state.holds != before
            or self.order.state.cancel is not None
            or self.order.state.rejection is not None
            or self._is_too_late(unpaid)
        )
