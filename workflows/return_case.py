"""The verbs of which the stories of a return case are made (workflows/return_stories.py); here those about money."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.follow_ups import FollowUps
    from activities.return_refunds import ReturnRefunds
    from domain.returns.requests import (
        DropFollowUpRequest,
        PlaceFollowUpRequest,
        RefundReturnRequest,
        SendFollowUpRequest,
    )
    from workflows.case_goods import CaseGoods


class ReturnCase(CaseGoods):
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

    async def reserve_instead(self) -> bool:
        """Reserve the goods to send instead. False when they are not available: then money goes back."""
        self.undo.append(self._drop_follow_up)
        request = PlaceFollowUpRequest(self.case.return_id)
        answer = await self.steps.run_local(FollowUps.place_follow_up, request, "reserve what is sent instead")
        if answer.refusal:
            await self.attend("NOTHING_TO_SEND", f"money goes back instead: {answer.refusal}")
        return not answer.refusal

    async def send_instead(self) -> bool:
        """Start the follow-up order. False when it cannot be: then its stock is released and money goes back."""
        request = SendFollowUpRequest(self.case.return_id)
        answer = await self.steps.run_local(FollowUps.send_follow_up, request, "send the goods that replace the others")
        if answer.refusal:
            await self._drop_follow_up(answer.refusal)
            await self.attend("NOTHING_TO_SEND", f"money goes back instead: {answer.refusal}")
            return False
        self.paying = self.paid = True
        await self.steps.end_deadline("refund")
        self.notify()
        return True

    async def _drop_follow_up(self, reason: str) -> None:
        request = DropFollowUpRequest(self.case.return_id, reason)
        await self.steps.run_local(FollowUps.drop_follow_up, request, "undo: give back what was reserved instead")
