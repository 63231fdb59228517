"""The task beside an order or a case that says to whom its messages are handed; the recipients' runs send them."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.notify import Notify, NotifyRequest
    from workflows.step_runner import StepRunner

FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(hours=1)
TELLS, HANDS_OVER = "tell customer, channel, ERP and CRM", "have recipients told by their runs"


class Notifier:
    """`wake()` says that a step has written messages; no more come after `close()`.

    With `hands_over` it takes the step notify twice at most: after the first messages, and at the end for all others.
    """

    def __init__(self, order_id: str, steps: StepRunner, due: bool = False, hands_over: bool = False) -> None:
        self._order_id = order_id
        self._steps = steps
        self._hands_over = hands_over
        self._pause = FIRST_PAUSE
        self._closing = False
        self._milestones: list[str] | None = None if due else []
        self.due = due

    def wake(self, milestones: Sequence[str] | None = None) -> None:
        """Say that the messages of these milestones were written; None if the record must be asked which."""
        self.due = True
        known = self._milestones is not None and milestones is not None
        self._milestones = [*(self._milestones or ()), *(milestones or ())] if known else None

    def close(self) -> None:
        """End once all messages are handed over: no more will come."""
        self._closing = True

    async def run(self) -> None:
        if self._hands_over:
            await workflow.wait_condition(lambda: self.due or self._closing)
            await self._hand_over()
            await workflow.wait_condition(lambda: self._closing)
            await self._hand_over()
        else:
            await self._run_before_recipients_had_runs()

    async def _hand_over(self) -> None:
        if self.due:
            request = NotifyRequest(self._order_id, self._milestones or [])
            self.due, self._milestones = False, []
            await self._steps.run_local(Notify.notify, request, HANDS_OVER)

    async def _run_before_recipients_had_runs(self) -> None:
        """Call notify for all messages, as orders and cases did up to edition 1."""
        while self.due or not self._closing:
            if not self.due:
                await workflow.wait_condition(lambda: self.due or self._closing)
                continue
            self.due = False
            answer = await self._steps.send(Notify.notify, NotifyRequest(self._order_id), TELLS)
            if answer.waiting:
                # Only in histories from before recipients had runs of their own.
                await self._pause_for(", ".join(answer.waiting))
            else:
                self._pause = FIRST_PAUSE

    async def _pause_for(self, recipients: str) -> None:
        """Pause before the next attempt; end the pause when there are new messages, for the other recipients."""
        with suppress(asyncio.TimeoutError):
            await workflow.wait_condition(
                lambda: self.due, timeout=self._pause, timeout_summary=f"try again to tell {recipients}"
            )
        self.due = True
        self._pause = min(self._pause * 2, LONGEST_PAUSE)
