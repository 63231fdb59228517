"""The verbs of which the stories of a return case are made (workflows/return_stories.py); here those about money."""

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.follow_ups import FollowUp, FollowUps
    from activities.payment_links import LinkRequest, PaymentLinks
    from activities.payments import Refunds
    from activities.return_refunds import ReturnRefunds
    from domain.returns.requests import (
        DropFollowUpRequest,
        PlaceFollowUpRequest,
        RefundReturnRequest,
        SendFollowUpRequest,
    )
    from domain.undo import UndoRequest
    from workflows.case_goods import CaseGoods

LOOK_AGAIN = timedelta(hours=1)
"""How often the gateway is asked whether the difference was paid."""


class ReturnCase(CaseGoods):
    instead = FollowUp()
    """The follow-up order, once it is placed."""
    difference_minor = 0
    """What it cost less than what came back."""

    async def pay(self, when: str = "") -> None:
        """Pay back, once: at the moment that the terms name, or now if no moment is given."""
        if self.paid or when not in ("", self.case.refund_when):
            return
        self.stop_if_canceled()
        # From here on money may have been paid, whatever becomes of the step.
        self.paying = True
        while True:
            self.tries += 1
            request = RefundReturnRequest(self.case.return_id, self.tries, when)
            answer = await self.steps.call_partner(ReturnRefunds.refund_return, request, "pay back what is due")
            if not answer.refusal:
                break
            await self.blocked("REFUND_REFUSED", f"the gateway refuses the refund: {answer.refusal}")
        self.refunded_minor, self.paid = answer.refunded_minor, True
        await self.steps.end_deadline("refund")
        self.notify()

    async def pay_difference(self) -> None:
        """Pay back what the goods that were sent cost less than those that came back."""
        if self.difference_minor:
            self.paid = False
            await self.pay()

    async def difference_paid(self) -> bool:
        """Wait for the customer to pay the difference, if the terms do not send before. False when nobody paid in time:
        then its link is withdrawn and money goes back."""
        if not self.instead.waits:
            return True
        seconds = self.start.deadlines.difference
        self.steps.set_deadline("difference", "DIFFERENCE_LATE", "the payment of the difference", seconds)
        request = LinkRequest(self.instead.order_id)
        while await self.steps.call_partner(PaymentLinks.ask_for_charge, request, "ask whether it was paid"):
            if self.steps.is_late("difference"):
                await self.steps.end_deadline("difference")
                await self._drop_follow_up("the difference was not paid in time")
                return False
            what = "the customer to pay the difference"
            await self.steps.wait("difference", what, lambda: self.steps.is_late("difference"), LOOK_AGAIN)
        await self.steps.end_deadline("difference")
        return True

    async def reserve_instead(self) -> bool:
        """Reserve the goods to send instead. False when they are not available: then money goes back."""
        self.undo.append(self._drop_follow_up)
        request = PlaceFollowUpRequest(self.case.return_id)
        answer = await self.steps.run_local(FollowUps.place_follow_up, request, "reserve what is sent instead")
        if answer.refusal:
            await self.attend("NOTHING_TO_SEND", f"money goes back instead: {answer.refusal}")
        self.instead = answer
        if answer.charged:
            await self._tell_links()
        return not answer.refusal

    async def send_instead(self) -> bool:
        """Start the follow-up order. False when it cannot be: then its stock is released and money goes back."""
        request = SendFollowUpRequest(self.case.return_id)
        answer = await self.steps.run_local(FollowUps.send_follow_up, request, "send the goods that replace the others")
        if answer.refusal:
            await self._drop_follow_up(answer.refusal)
            await self.attend("NOTHING_TO_SEND", f"money goes back instead: {answer.refusal}")
            return False
        self.difference_minor = answer.refund_minor
        self.paying = self.paid = True
        await self.steps.end_deadline("refund")
        self.notify()
        return True

    async def _drop_follow_up(self, reason: str) -> None:
        request = DropFollowUpRequest(self.case.return_id, reason)
        await self.steps.run_local(FollowUps.drop_follow_up, request, "undo: give back what was reserved instead")
        if not self.instead.charged:
            return
        await self._tell_links()
        order_id = self.instead.order_id
        undo = UndoRequest(order_id, order_id, reason)
        undone = await self.steps.call_partner(Refunds.refund_order, undo, "undo: pay back the paid difference")
        if not undone.done:
            await self.attend("UNDO_REFUSED", f"cannot pay back the difference: {undone.detail}")

    async def _tell_links(self) -> None:
        request = LinkRequest(self.instead.order_id)
        summary = "make or withdraw the payment link of the difference"
        if refusal := await self.steps.call_partner(PaymentLinks.tell_links, request, summary):
            await self.attend("LINK_REFUSED", f"the gateway makes no payment link for the difference: {refusal}")
