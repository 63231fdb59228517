"""Make an edit of an order under way: call back what a warehouse has of it, change the order, and send it anew."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.editing import EditRequest, Edits
    from activities.payment_links import LinkRequest, PaymentLinks
    from activities.shortages import Repayment, Shortages
    from domain.milestones import EDITED, PAYMENT_DUE
    from domain.status import OrderStatus
    from record.orders.edit_writing import APPLIED
    from record.orders.edits import PROPOSED, EditOutcome
    from workflows.fulfillment import Fulfillment
    from workflows.messages import EditAnswer
    from workflows.order_context import OrderContext
    from workflows.supply import Supply

ENDING = "the order ends"


class Editing:
    """Edits are made one after the other. `judge_again()` has the order audited in its new form."""

    def __init__(self, order: OrderContext, supply: Supply, judge_again: Callable[[], None]) -> None:
        self.order = order
        self.supply = supply
        self._judge_again = judge_again
        self._one_by_one = asyncio.Lock()

    async def carry_out(self, edit_id: str) -> EditAnswer:
        """Return once the edit is made, or it is certain that it is not."""
        async with self._one_by_one:
            self.order.editing = True
            try:
                outcome = await self._make(edit_id)
                if outcome.state == APPLIED:
                    self._go_on(outcome)
            finally:
                self.order.editing = False
        # Later edits do not wait for the gateway.
        if outcome.charges:
            await self._tell_gateway(edit_id)
        if outcome.repay_minor:
            await self._repay(edit_id, outcome.repay_minor)
        return EditAnswer("done") if outcome.state == APPLIED else EditAnswer("refused", outcome.about, outcome.refusal)

    async def _make(self, edit_id: str) -> EditOutcome:
        # What an allocation has begun is not known here yet, and may have to be called back.
        await workflow.wait_condition(lambda: not self.order.allocating)
        self.order.undo.add("reservation", self.order.order_id)
        outcome = await self._attempt(edit_id)
        if outcome.state != PROPOSED:
            return outcome
        stopped = [work for work in self.supply.fulfillments if work.name in outcome.recall and not work.ended]
        await self._call_back(stopped, edit_id)
        outcome = await self._attempt(edit_id, recalled=True)
        self._resume(stopped, edit_id)
        if outcome.state != APPLIED:
            # What was called back is sent as before.
            self.supply.look_again()
        return outcome

    async def _attempt(self, edit_id: str, *, recalled: bool = False) -> EditOutcome:
        state, round_ = self.order.state, 0
        if state.status in (OrderStatus.ACCEPTED, OrderStatus.IN_PROGRESS):
            round_ = state.rounds = state.rounds + 1
        ending = ENDING if self.order.ending or state.cancel or state.rejection else ""
        splits = self.supply.shortage.splits
        request = EditRequest(self.order.order_id, edit_id, round_, recalled, ending, splits)
        summary = "make the edit" if recalled else "make the edit, or say what must be called back first"
        return await self.order.steps.run_local(Edits.make_edit, request, summary)

    async def _call_back(self, stopped: Sequence[Fulfillment], edit_id: str) -> None:
        for work in stopped:
            if not work.stop_reason:
                work.stop(_reason(edit_id), recall_only=True)
        what = "the work to be called back for an edit"
        await self.order.steps.wait(edit_id, what, lambda: all(work.recall_settled for work in stopped))

    def _resume(self, stopped: Sequence[Fulfillment], edit_id: str) -> None:
        for work in stopped:
            if not work.ended and work.stop_reason == _reason(edit_id):
                work.stop("")

    def _go_on(self, outcome: EditOutcome) -> None:
        """Send what is to be sent now; audit the order first if it must be."""
        self.order.notifier.wake([EDITED, PAYMENT_DUE] if outcome.charges else [EDITED])
        if outcome.judge:
            self._judge_again()
        if outcome.claimed_skus:
            self.order.state.nothing_to_send = False
        if outcome.claimed:
            # If it is held now, it keeps this stock no longer than any other held order.
            patience = timedelta(seconds=self.order.deadlines.reservation)
            self.order.state.stock_kept_until = workflow.now() + patience
        self.supply.look_again()

    async def _tell_gateway(self, edit_id: str) -> None:
        request = LinkRequest(self.order.order_id, edit_id)
        refusal = await self.order.steps.call_partner(
            PaymentLinks.tell_links, request, "make or withdraw the payment link of an edit"
        )
        if refusal:
            reason = f"the gateway makes no payment link for an edit: {refusal}"
            await self.order.alert("LINK_REFUSED", edit_id, reason)
        if self.order.state.captures:
            # The gateway may have reserved what is charged, so that no link is needed.
            self._judge_again()

    async def _repay(self, edit_id: str, minor: int) -> None:
        order_id = self.order.order_id
        repayment = Repayment(order_id, f"{order_id}:refund:edit:{edit_id}", minor, "edited")
        self.order.repaying += 1
        try:
            answer = await self.order.steps.call_partner(
                Shortages.repay_lines, repayment, "pay back what the order costs less"
            )
        finally:
            self.order.repaying -= 1
        if answer.refusal:
            reason = f"the refund after an edit was refused: {answer.refusal}"
            await self.order.alert("REFUND_REFUSED", repayment.key, reason)


def _reason(edit_id: str) -> str:
    return f"edit {edit_id}"
