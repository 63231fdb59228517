"""Telling others, beside the order: what a step has written is sent, and what is not taken is left to other runs."""

import asyncio
from contextlib import suppress
from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.notify import Notify, NotifyRequest
    from workflows.step_runner import StepRunner

FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(hours=1)


class Telling:
    """`tell()` says that a step has written messages; `run` sends them until `everything_told` was said."""

    def __init__(self, order_id: str, steps: StepRunner, due: bool = False) -> None:
        self._order_id = order_id
        self._steps = steps
        self._pause = FIRST_PAUSE
        self._closing = False
        self.due = due

    def tell(self) -> None:
        self.due = True

    def everything_told(self) -> None:
        """Nothing more will come: end once all was sent."""
        self._closing = True

    async def run(self) -> None:
        while self.due or not self._closing:
            if not self.due:
                await workflow.wait_condition(lambda: self.due or self._closing)
                continue
            self.due = False
            request = NotifyRequest(self._order_id)
            answer = await self._steps.send(Notify.notify, request, "tell customer, channel, ERP and CRM")
            if answer.waiting:
                # Orders under way may have been answered so before there were runs of recipients.
                await self._rest(", ".join(answer.waiting))
            else:
                self._pause = FIRST_PAUSE

    async def _rest(self, recipients: str) -> None:
        """Try again after a pause, or at once when there is news, which the other recipients should not wait for."""
        with suppress(asyncio.TimeoutError):
            await workflow.wait_condition(
                lambda: self.due, timeout=self._pause, timeout_summary=f"try again to tell {recipients}"
            )
        self.due = True
        self._pause = min(self._pause * 2, LONGEST_PAUSE)
