"""The goods of a return case: locate, label, announce, receive and inspect them."""

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.return_labels import ReturnLabels
    from activities.return_reports import ReturnProgress, ReturnReports
    from activities.returns import Returns
    from domain.ids import order_workflow_id
    from domain.returns.requests import (
        AnnounceReturnRequest,
        BookLabelRequest,
        RecordGoodsRequest,
        VoidLabelRequest,
    )
    from domain.status import ReturnStatus
    from workflows.case_state import MAY_CANCEL, CaseEnds, CaseState
    from workflows.return_messages import GoodsWanted

Status = ReturnStatus
ON_THE_WAY = (Status.APPROVED, Status.LABEL_ISSUED, Status.IN_TRANSIT)


class CaseGoods(CaseState):
    async def locate(self) -> bool:
        """Find out where the goods are. True if the customer has them; the order calls back what was not delivered."""
        if self.case.with_order and not self.goods:
            await self._ask_the_order()
        self.goods = self.goods or "delivered"
        request = RecordGoodsRequest(self.case.return_id, self.goods)
        await self.steps.run_local(Returns.record_goods, request, f"the goods are {self.goods}")
        return self.goods == "delivered"

    async def label(self) -> None:
        """Have a carrier fetch the goods. If none does, the customer sends them herself."""
        if self.status != Status.APPROVED:
            return
        self.stop_if_canceled()
        self.undo.append(self._void_label)
        request = BookLabelRequest(self.case.return_id)
        answer = await self.steps.call_partner(ReturnLabels.book_label, request, "have a carrier fetch the goods")
        if answer.refusal:
            await self.attend("LABEL_REFUSED", f"no carrier fetches the goods: {answer.refusal}")
        else:
            self.now_is(Status.LABEL_ISSUED)

    async def announce(self) -> None:
        """Announce the goods to the warehouse."""
        self.stop_if_canceled()
        request, summary = AnnounceReturnRequest(self.case.return_id), "tell the warehouse what will come back"
        refusal = await self.steps.call_partner(Returns.announce_return, request, summary)
        if refusal:
            await self.attend("RETURN_REFUSED", f"the warehouse does not expect the goods: {refusal}")

    async def received(self) -> None:
        """Wait for the goods, for as long as the terms say. Raises CaseEnds if nothing came in time."""
        self.steps.set_deadline("goods", "ARRIVAL", "the arrival of the goods", self.start.deadlines.arrival)
        while self.status in ON_THE_WAY:
            await self.wait("goods", "the goods to arrive", lambda: bool(self.inbox) or self._too_late())
            if self._too_late():
                await self.steps.end_deadline("goods")
                raise CaseEnds(Status.EXPIRED, "the goods did not come in time")
            await self.hear()
        await self.steps.end_deadline("goods")
        self.steps.set_deadline("refund", "REFUND_LATE", "the refund", self.start.deadlines.refund)

    async def inspected(self) -> None:
        """Wait for the inspection."""
        self.steps.set_deadline("goods", "INSPECTION_LATE", "the inspection", self.start.deadlines.inspection)
        while self.status == Status.RECEIVED:
            await self.steps.wait("goods", "the inspection of the goods", lambda: bool(self.inbox))
            await self.hear()
        await self.steps.end_deadline("goods")

    async def _void_label(self, reason: str) -> None:
        request = VoidLabelRequest(self.case.return_id, reason)
        if not await self.steps.call_partner(ReturnLabels.void_label, request, "undo: void the label"):
            await self.attend("UNDO_REFUSED", "cannot void the label: the carrier has the goods")

    async def _ask_the_order(self) -> None:
        """Have the order call back goods that are not delivered yet, so that its page shows it too."""
        wanted = GoodsWanted(self.case.return_id, workflow.info().workflow_id, self.case.everything)
        order = workflow.get_external_workflow_handle(
            order_workflow_id(self.start.channel, self.start.channel_order_id)
        )
        try:
            await order.signal("goods_wanted", wanted)
        except ApplicationError:
            # The order has ended meanwhile: whatever it sent is delivered.
            self.goods = "delivered"
        await self.steps.wait("goods", "the order to call the goods back", lambda: bool(self.goods))

    async def hear(self) -> None:
        """Record the reports on the goods."""
        events = [(event.partner, event.event_id) for event in self.inbox]
        self.inbox.clear()
        reports = ReturnReports(self.case.return_id, events)
        self.now_is(
            await self.steps.run_local(ReturnProgress.record_return, reports, "record what is said of the goods")
        )
        self.notify()

    def _too_late(self) -> bool:
        # A parcel on the road may be late, but still comes.
        return self.status in MAY_CANCEL and self.steps.is_late("goods") and not self.inbox
