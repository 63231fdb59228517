"""One return case at work: the verbs that the stories of its kinds are made of; here those of its money."""

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
        """Pay back, as the case says to whom, once: at the moment that the terms name, or now when none is given."""
        if self.paid or when not in ("", self.case.refund_when):
            return
        self.stop_if_canceled()
        # From here on money may have gone, whatever becomes of the step.
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
        self.tell()

    async def reserve_instead(self) -> bool:
        """Reserve what is sent instead. False when nobody has it: then money goes back."""
        self.undo.append(self._drop_follow_up)
        request = PlaceFollowUpRequest(self.case.return_id)
        answer = await self.steps.run_local(FollowUps.place_follow_up, request, "reserve what is sent instead")
        if answer.refusal:
            await self.attend("NOTHING_TO_SEND", f"money goes back instead: {answer.refusal}")
        return not answer.refusal

    async def send_instead(self) -> bool:
        """Let the follow-up order go. False when it cannot: then its stock is given back, and money goes back."""
        request = SendFollowUpRequest(self.case.return_id)
        answer = await self.steps.run_local(FollowUps.send_follow_up, request, "send the goods that replace the others")
        if answer.refusal:
            await self._drop_follow_up(answer.refusal)
            await self.attend("NOTHING_TO_SEND", f"money goes back instead: {answer.refusal}")
            return False
        self.paying = self.paid = True
        await self.steps.end_deadline("refund")
        self.tell()
        return True

    async def _drop_follow_up(self, reason: str) -> None:
        request = DropFollowUpRequest(self.case.return_id, reason)
        await self.steps.run_local(FollowUps.drop_follow_up, request, "undo: give back what was reserved instead")
