"""One return case at work: what it knows, and the verbs that the stories of its kinds are made of."""

from collections.abc import Awaitable, Callable

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.case_records import CaseStep
    from activities.follow_ups import FollowUps
    from activities.return_labels import ReturnLabels
    from activities.return_refunds import ReturnRefunds
    from activities.return_reports import ReturnProgress, ReturnReports
    from activities.return_requests import Case, CaseDecision, ReturnRequests
    from activities.returns import Returns
    from domain.ids import order_workflow_id
    from domain.status import ReturnStatus
    from workflows.desk import Desk
    from workflows.messages import CaseCancel, CaseVerdict, GoodsWanted, PartnerEvent, ReturnInput

Status = ReturnStatus
ON_THE_WAY = (Status.APPROVED, Status.LABEL_ISSUED, Status.IN_TRANSIT)
MAY_CANCEL = (Status.REQUESTED, Status.APPROVED, Status.LABEL_ISSUED)


class CaseEnds(Exception):
    """The story is over before it is settled: rejected, expired or canceled."""

    def __init__(self, status: ReturnStatus, reason: str, actor: str = "baton") -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.actor = actor


class ReturnCase:
    """`attend(code, reason)` asks a person to look, `show(status)` says where the case stands, and `blocked(code,
    reason)` waits for a person who has it tried again."""

    def __init__(
        self,
        start: ReturnInput,
        desk: Desk,
        show: Callable[[str], None],
        tell: Callable[[], None],
        attend: Callable[[str, str], Awaitable[None]],
        blocked: Callable[[str, str], Awaitable[None]],
    ) -> None:
        self.start = start
        self.desk = desk
        self.status: str = Status.REQUESTED
        self.inbox: list[PartnerEvent] = []
        self.goods = ""
        self.verdict: CaseVerdict | None = None
        self.cancel: CaseCancel | None = None
        self.refunded_minor = 0
        self.paying = False
        self.paid = False
        self.undo: list[Callable[[str], Awaitable[None]]] = []
        self._case: Case | None = None
        self._tries = 0
        self._show, self._tell, self._attend, self._blocked = show, tell, attend, blocked

    @property
    def case(self) -> Case:
        assert self._case is not None
        return self._case

    def begin(self, case: Case) -> None:
        self._case = case
        self._now(case.status)

    @property
    def may_cancel(self) -> bool:
        """Whether nothing has happened that cannot be taken back: no money went, and no goods are called back.

        Goods that are on the road come, unless they are late: then a person may give them up.
        """
        asked_order = bool(self._case and self._case.with_order and self.status != Status.REQUESTED)
        lost = self.status == Status.IN_TRANSIT and self.desk.late("goods")
        at_rest = self.status in MAY_CANCEL or lost
        return at_rest and not self.paying and (not asked_order or self.goods == "delivered")

    async def decided(self) -> None:
        """Wait for a person where the terms ask for one, and no longer than they say."""
        if self.status == Status.REQUESTED:
            self.desk.due("decision", "APPROVAL_LATE", "the decision about the case", self.start.deadlines.approval)
            silent = self.case.when_silent == "approve"
            await self._wait(
                "decision",
                "a person to approve or reject the case",
                lambda: bool(self.verdict) or (silent and self.desk.late("decision")),
            )
            said = self.verdict or CaseVerdict(True, "baton", "nobody decided in time")
            decision = CaseDecision(self.case.return_id, said.approved, said.actor, said.note)
            summary = f"{'approve' if said.approved else 'reject'} the case"
            self._now(await self.desk.database(ReturnRequests.decide_return, decision, summary))
            await self.desk.done("decision")
        if self.status == Status.REJECTED:
            raise CaseEnds(Status.REJECTED, self.verdict.note if self.verdict else self.case.refusal)

    async def locate(self) -> bool:
        """Find where the goods are; whether the customer has them. What was not delivered the order calls back."""
        if self.case.with_order and not self.goods:
            await self._ask_the_order()
        self.goods = self.goods or "delivered"
        step = CaseStep(self.case.return_id, self.goods)
        await self.desk.database(Returns.record_goods, step, f"the goods are {self.goods}")
        return self.goods == "delivered"

    async def label(self) -> None:
        """Have a carrier fetch the goods. Where none does, the customer sends them in some other way."""
        if self.status != Status.APPROVED:
            return
        self._stop_if_canceled()
        self.undo.append(self._void_label)
        step = CaseStep(self.case.return_id)
        answer = await self.desk.partner(ReturnLabels.book_label, step, "have a carrier fetch the goods")
        if answer.refusal:
            await self._attend("LABEL_REFUSED", f"no carrier fetches the goods: {answer.refusal}")
        else:
            self._now(Status.LABEL_ISSUED)

    async def announce(self) -> None:
        """Tell the warehouse what will come."""
        self._stop_if_canceled()
        step = CaseStep(self.case.return_id)
        refusal = await self.desk.partner(Returns.announce_return, step, "tell the warehouse what will come back")
        if refusal:
            await self._attend("RETURN_REFUSED", f"the warehouse does not expect the goods: {refusal}")

    async def received(self) -> None:
        """Wait for the goods, for as long as the terms say. Raises CaseEnds when nothing came in time."""
        self.desk.due("goods", "ARRIVAL", "the arrival of the goods", self.start.deadlines.arrival)
        while self.status in ON_THE_WAY:
            await self._wait("goods", "the goods to arrive", lambda: bool(self.inbox) or self._too_late())
            if self._too_late():
                await self.desk.done("goods")
                raise CaseEnds(Status.EXPIRED, "the goods did not come in time")
            await self._apply()
        await self.desk.done("goods")
        self.desk.due("refund", "REFUND_LATE", "the refund", self.start.deadlines.refund)

    async def inspected(self) -> None:
        self.desk.due("goods", "INSPECTION_LATE", "the inspection", self.start.deadlines.inspection)
        while self.status == Status.RECEIVED:
            await self.desk.wait("goods", "the inspection of the goods", lambda: bool(self.inbox))
            await self._apply()
        await self.desk.done("goods")

    async def pay(self, when: str = "") -> None:
        """Pay back to the original payment, once: at the moment that the terms name, or now when none is given."""
        if self.paid or when not in ("", self.case.refund_when):
            return
        self._stop_if_canceled()
        # From here on money may have gone, whatever becomes of the step.
        self.paying = True
        while True:
            self._tries += 1
            step = CaseStep(self.case.return_id, str(self._tries), when)
            answer = await self.desk.partner(ReturnRefunds.refund_return, step, "refund to the original payment")
            if not answer.refusal:
                break
            await self._blocked("REFUND_REFUSED", f"the gateway refuses the refund: {answer.refusal}")
        self.refunded_minor, self.paid = answer.refunded_minor, True
        await self.desk.done("refund")
        self._tell()

    async def reserve_instead(self) -> bool:
        """Reserve what is sent instead. False when nobody has it: then money goes back."""
        self.undo.append(self._drop_follow_up)
        step = CaseStep(self.case.return_id)
        answer = await self.desk.database(FollowUps.place_follow_up, step, "reserve what is sent instead")
        if answer.refusal:
            await self._attend("NOTHING_TO_SEND", f"money goes back instead: {answer.refusal}")
        return not answer.refusal

    async def send_instead(self) -> bool:
        """Let the follow-up order go. False when it cannot: then its stock is given back, and money goes back."""
        step = CaseStep(self.case.return_id)
        answer = await self.desk.database(FollowUps.send_follow_up, step, "send the goods that replace the others")
        if answer.refusal:
            await self._drop_follow_up(answer.refusal)
            await self._attend("NOTHING_TO_SEND", f"money goes back instead: {answer.refusal}")
            return False
        self.paying = self.paid = True
        await self.desk.done("refund")
        self._tell()
        return True

    async def take_back(self, reason: str) -> None:
        """Undo what was done for the case, newest first."""
        while self.undo:
            await self.undo.pop()(reason)

    async def _void_label(self, reason: str) -> None:
        step = CaseStep(self.case.return_id, reason=reason)
        if not await self.desk.partner(ReturnLabels.void_label, step, "undo: void the label"):
            await self._attend("UNDO_REFUSED", "cannot void the label: the carrier has the goods")

    async def _drop_follow_up(self, reason: str) -> None:
        step = CaseStep(self.case.return_id, reason=reason)
        await self.desk.database(FollowUps.drop_follow_up, step, "undo: give back what was reserved instead")

    async def _ask_the_order(self) -> None:
        """Goods that have not been delivered are called back by the order, so that its page tells the story too."""
        wanted = GoodsWanted(self.case.return_id, workflow.info().workflow_id, self.case.everything)
        order = workflow.get_external_workflow_handle(
            order_workflow_id(self.start.channel, self.start.channel_order_id)
        )
        try:
            await order.signal("goods_wanted", wanted)
        except ApplicationError:
            # The order ended in the meantime: whatever it sent has been delivered.
            self.goods = "delivered"
        await self.desk.wait("goods", "the order to call the goods back", lambda: bool(self.goods))

    async def _apply(self) -> None:
        events = [(event.partner, event.event_id) for event in self.inbox]
        self.inbox.clear()
        reports = ReturnReports(self.case.return_id, events)
        self._now(await self.desk.database(ReturnProgress.record_return, reports, "record what is said of the goods"))
        self._tell()

    def _too_late(self) -> bool:
        # A parcel that is on the road is late, and still comes.
        return self.status in MAY_CANCEL and self.desk.late("goods") and not self.inbox

    async def _wait(self, who: str, what: str, ready: Callable[[], bool]) -> None:
        await self.desk.wait(who, what, lambda: ready() or self.cancel is not None)
        self._stop_if_canceled()

    def _stop_if_canceled(self) -> None:
        if self.cancel and self.may_cancel:
            raise CaseEnds(Status.CANCELED, self.cancel.reason, self.cancel.actor)
        self.cancel = None

    def _now(self, status: str) -> None:
        self.status = status
        self._show(status)
