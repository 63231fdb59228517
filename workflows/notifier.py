"""Send the order's messages beside its steps. What a recipient does not take at once is left to the recipient's run."""

import asyncio
from contextlib import suppress
from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.notify import Notify, NotifyRequest
    from workflows.step_runner import StepRunner

FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(hours=1)


class Notifier:
    """`wake()` says that a step has written messages; `run` sends them until `close`."""

    def __init__(self, order_id: str, steps: StepRunner, due: bool = False, hands_over: bool = False) -> None:
        self._order_id = order_id
        self._steps = steps
        self._pause = FIRST_PAUSE
        self._closing = False
        self._hands_over = hands_over
        self.due = due

    def wake(self) -> None:
        self.due = True

    def close(self) -> None:
        """End once all messages are sent: no more will come."""
        self._closing = True

    async def run(self) -> None:
        while self.due or not self._closing:
            if not self.due:
                await workflow.wait_condition(lambda: self.due or self._closing)
                continue
            self.due = False
            request = NotifyRequest(self._order_id)
            if self._hands_over:
                await self._steps.run_local(Notify.notify, request, "hand the messages over")
                continue
            answer = await self._steps.send(Notify.notify, request, "tell customer, channel, ERP and CRM")
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
