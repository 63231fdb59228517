"""An order that is short: do what its channel or a person decides, or wait for stock to arrive."""

import asyncio
from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities import shortages as steps
    from activities.shortages import Repayment, Shortages
    from domain.shortages import ASK, CANCEL_LINE, SPLIT, WAIT
    from domain.status import OrderStatus
    from record.stock.shortage_decisions import Decision
    from workflows.messages import ShortageAnswer, ShortageDecision
    from workflows.order_context import OrderContext, OrderEnds

# The signal of an arrival may be lost, so a waiting order looks for stock once a day.
RECHECK_STOCK = timedelta(days=1)
POLICY = "policy of the channel"
UNDECIDED = "SHORTAGE"


class Shortage:
    """`news` is set when stock may have arrived, or is promised for another day."""

    def __init__(self, order: OrderContext) -> None:
        self.order = order
        self.news = False
        self.open = False
        """True while the order waits for stock, and a person may decide what is done."""
        self.lacks = ""
        """What the order waits for, in words; empty while it waits for nothing."""
        self._asked: list[tuple[ShortageDecision, asyncio.Future[ShortageAnswer]]] = []

    @property
    def splits(self) -> bool:
        return self.order.state.when_short == SPLIT

    def ask(self, decision: ShortageDecision) -> asyncio.Future[ShortageAnswer]:
        """Queue a person's decision. The future has the answer once the order has carried it out, or cannot."""
        answer = asyncio.get_running_loop().create_future()
        self._asked.append((decision, answer))
        return answer

    async def resolve(self) -> None:
        """Return when the order should look for stock again. Raises OrderEnds when it has nothing more to send."""
        self.order.steps.set_deadline("stock", "BACKORDER_LATE", "the stock", self.order.deadlines.backorder)
        summary = "look when the missing goods come, and what else may be done"
        shortage = await self.order.steps.run_local(Shortages.propose, self.order.order_id, summary)
        if await self._apply_policy(shortage):
            return
        if self._policy(shortage) == ASK:
            reason = f"{shortage.units} units are short: {'; '.join(shortage.proposals)}"
            await self.order.alert(UNDECIDED, self.order.order_id, reason[:1000])
        promised = f", promised {shortage.promised_on}" if shortage.promised_on else " that no location has"
        self.lacks, self.open = f"{shortage.units} units{promised}", True
        what = f"{self.lacks} ({'; '.join(shortage.proposals)})"[:1000]
        try:
            await self.order.steps.wait("stock", what, self._may_go_on, at_most=RECHECK_STOCK)
            await self._carry_out_decisions()
        finally:
            self.news, self.lacks, self.open = False, "", False
            self.order.more_is_missing = False

    async def close(self) -> None:
        """End the deadline and the alert: nothing is short any more."""
        await self.order.steps.end_deadline("stock")
        await self._clear_alert()

    def _policy(self, shortage: steps.Shortage) -> str:
        return self.order.state.when_short or shortage.when_short

    async def _apply_policy(self, shortage: steps.Shortage) -> bool:
        """Do what the channel wants unless a person has decided. True if that changed the order."""
        policy = self._policy(shortage)
        if self.order.state.when_short or (policy == SPLIT and not shortage.sendable):
            return False
        if policy not in (SPLIT, CANCEL_LINE):
            return False
        return not (await self._carry_out(ShortageDecision(policy, POLICY))).refusal

    async def _carry_out_decisions(self) -> None:
        while self._asked and not self.order.state.cancel and not self.order.state.rejection:
            decision, answer = self._asked[0]
            try:
                answer.set_result(await self._carry_out(decision))
            except OrderEnds:
                answer.set_result(ShortageAnswer())
                raise
            finally:
                self._asked.pop(0)
        self._asked.clear()

    async def _carry_out(self, wanted: ShortageDecision) -> ShortageAnswer:
        self.order.state.rounds += 1
        order_id, round_ = self.order.order_id, self.order.state.rounds
        decision = Decision(
            order_id, round_, wanted.action, wanted.sku, wanted.substitute_sku, wanted.actor, wanted.note
        )
        summary = f"decide what is done about the shortage: {wanted.action}"
        settled = await self.order.steps.run_local(Shortages.decide_shortage, decision, summary)
        if settled.refusal:
            return ShortageAnswer(settled.refusal)
        if wanted.action in (WAIT, SPLIT):
            self.order.state.when_short = wanted.action
        if settled.nothing_left:
            # Ending the order pays everything back, with the shipping.
            raise OrderEnds(OrderStatus.CANCELED, "all that was left of it was short and is canceled", wanted.actor)
        if settled.repay_minor:
            await self._repay(Repayment(order_id, f"{order_id}:refund:short:{round_}", settled.repay_minor, "short"))
        await self._clear_alert()
        return ShortageAnswer()

    async def _repay(self, repayment: Repayment) -> None:
        answer = await self.order.steps.call_partner(Shortages.repay_lines, repayment, "pay back the canceled lines")
        if answer.refusal:
            reason = f"the refund of canceled lines was refused: {answer.refusal}"
            await self.order.alert("REFUND_REFUSED", repayment.key, reason)

    async def _clear_alert(self) -> None:
        if f"{UNDECIDED} {self.order.order_id}" in self.order.state.attention:
            await self.order.alert(UNDECIDED, self.order.order_id, "")

    def _may_go_on(self) -> bool:
        state = self.order.state
        news = self.news or self.order.more_is_missing
        return news or bool(self._asked) or state.cancel is not None or state.rejection is not None
