"""The state of a return case: what it knows, how it is decided, and how it may end early."""

from collections.abc import Awaitable, Callable

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.return_requests import Case, CaseDecision, ReturnRequests
    from domain.status import ReturnStatus
    from workflows.messages import PartnerEvent
    from workflows.return_messages import CaseCancel, CaseVerdict, ReturnInput
    from workflows.step_runner import StepRunner

Status = ReturnStatus
MAY_CANCEL = (Status.REQUESTED, Status.APPROVED, Status.LABEL_ISSUED)


class CaseEnds(Exception):
    """The case ends before it is settled: rejected, expired or canceled."""

    def __init__(self, status: ReturnStatus, reason: str, actor: str = "baton") -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.actor = actor


class CaseState:
    """`notify()` says that a step has written messages. `attend(code, reason)` asks a person to look; `blocked(code,
    reason)` also waits until that person asks for another try. `show(status)` shows where the case stands."""

    def __init__(
        self,
        start: ReturnInput,
        steps: StepRunner,
        show: Callable[[str], None],
        notify: Callable[[], None],
        attend: Callable[[str, str], Awaitable[None]],
        blocked: Callable[[str, str], Awaitable[None]],
    ) -> None:
        self.start = start
        self.steps = steps
        self.status: str = Status.REQUESTED
        self.inbox: list[PartnerEvent] = []
        self.goods = ""
        self.verdict: CaseVerdict | None = None
        self.cancel: CaseCancel | None = None
        self.refunded_minor = 0
        self.tries = 0
        self.paying = False
        self.paid = False
        self.undo: list[Callable[[str], Awaitable[None]]] = []
        self._case: Case | None = None
        self.show, self.notify, self.attend, self.blocked = show, notify, attend, blocked

    @property
    def case(self) -> Case:
        assert self._case is not None
        return self._case

    def begin(self, case: Case) -> None:
        self._case = case
        self.now_is(case.status)

    @property
    def remedy(self) -> str:
        """Return what a person decided for a warranty case, or empty."""
        return self.verdict.remedy if self.verdict else ""

    @property
    def may_cancel(self) -> bool:
        """True if all can still be undone: no money was paid, and no goods are being called back.

        Goods on the road are waited for; once they are late, a person may give them up.
        """
        asked_order = bool(self._case and self._case.with_order and self.status != Status.REQUESTED)
        lost = self.status == Status.IN_TRANSIT and self.steps.is_late("goods")
        at_rest = self.status in MAY_CANCEL or lost
        return at_rest and not self.paying and (not asked_order or self.goods == "delivered")

    async def decided(self) -> None:
        """Wait for a person to decide, if the terms ask for one, and only as long as they say."""
        if self.status == Status.REQUESTED:
            self.steps.set_deadline(
                "decision", "APPROVAL_LATE", "the decision about the case", self.start.deadlines.approval
            )
            approve_when_silent = self.case.when_silent == "approve"
            await self.wait(
                "decision",
                "a person to approve or reject the case",
                lambda: bool(self.verdict) or (approve_when_silent and self.steps.is_late("decision")),
            )
            verdict = self.verdict or CaseVerdict(True, "baton", "nobody decided in time")
            words = (verdict.actor, verdict.note, verdict.refund_to, verdict.remedy)
            decision = CaseDecision(self.case.return_id, verdict.approved, *words)
            summary = f"{'approve' if verdict.approved else 'reject'} the case"
            self.now_is(await self.steps.run_local(ReturnRequests.decide_return, decision, summary))
            await self.steps.end_deadline("decision")
        if self.status == Status.REJECTED:
            raise CaseEnds(Status.REJECTED, self.verdict.note if self.verdict else self.case.refusal)

    async def take_back(self, reason: str) -> None:
        """Undo what was done for the case, newest first."""
        while self.undo:
            await self.undo.pop()(reason)

    async def wait(self, who: str, what: str, ready: Callable[[], bool]) -> None:
        """Wait until `ready()` or somebody cancels. Raises CaseEnds if the case is canceled."""
        await self.steps.wait(who, what, lambda: ready() or self.cancel is not None)
        self.stop_if_canceled()

    def stop_if_canceled(self) -> None:
        """Raise CaseEnds if the case is to be canceled and still may be; forget a request that comes too late."""
        if self.cancel and self.may_cancel:
            raise CaseEnds(Status.CANCELED, self.cancel.reason, self.cancel.actor)
        self.cancel = None

    def now_is(self, status: str) -> None:
        self.status = status
        self.show(status)
