"""The desk of one workflow: it takes steps, and knows what is waited for and until when."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError, FailureError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from workflows.activity_options import DATABASE, MESSAGE, PARTNER
    from workflows.state import Due

Request = TypeVar("Request")
Result = TypeVar("Result")
Step = Callable[[Any, Request], Result]


class Stopped(Exception):
    """What was waited for is no longer wanted."""


def why(failure: FailureError) -> str:
    """Why a step cannot be done, in a word: regular activities wrap the failure, local ones give it as it is."""
    return str(failure.cause or failure)


class Desk:
    """`alert(code, subject, reason)` tells a person; an empty reason says that it is over. For the details in the
    Temporal UI `story()` says where it stands and then, a line each, what a person should know."""

    def __init__(
        self, dues: dict[str, Due], alert: Callable[[str, str, str], Awaitable[None]], story: Callable[[], list[str]]
    ) -> None:
        self.dues = dues
        self.waits: dict[str, str] = {}
        self.in_flight = 0
        self.alert = alert
        self._story = story

    async def database(self, step: Step[Request, Result], request: Request, summary: str) -> Result:
        """Take a step that touches only our own database: local, so that several fit into one workflow task."""
        return await self._count(workflow.execute_local_activity_method(step, request, summary=summary, **DATABASE))

    async def message(self, step: Step[Request, Result], request: Request, summary: str) -> Result:
        return await self._count(workflow.execute_activity_method(step, request, summary=summary, **MESSAGE))

    async def partner(
        self, step: Step[Request, Result], request: Request, summary: str, stop: Callable[[], bool] = lambda: False
    ) -> Result:
        """Call a partner, for as long as it takes or until `stop`; then Stopped is raised, after the call has ended."""
        handle = workflow.start_activity_method(step, request, summary=summary, **PARTNER)
        self.in_flight += 1
        try:
            await workflow.wait_condition(lambda: handle.done() or stop())
            if not handle.done():
                handle.cancel()
            return await handle
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise Stopped from error
            raise
        finally:
            self.in_flight -= 1

    async def wait(self, who: str, what: str, ready: Callable[[], bool], at_most: timedelta | None = None) -> bool:
        """Wait until `ready`, and say so meanwhile in the details of the Temporal UI. False when `at_most` was over."""
        if ready():
            return True
        self.waits[who] = what
        self.show()
        try:
            await workflow.wait_condition(ready, timeout=at_most, timeout_summary=f"look again: {what}")
        except TimeoutError:
            return False
        finally:
            # Two may wait under one name, such as two parcels for one hold.
            self.waits.pop(who, None)
        return True

    def due(self, who: str, code: str, what: str, seconds: float) -> None:
        """From now on `what` must be done within so many seconds; a deadline that was set before keeps its time."""
        if who not in self.dues or self.dues[who].code != code:
            self.dues[who] = Due(workflow.now() + timedelta(seconds=seconds), code, what)

    async def renew(self, who: str, code: str, what: str, seconds: float) -> None:
        """Like `due`, but counted anew from now; an alert that it raised before is over."""
        await self.done(who)
        self.due(who, code, what, seconds)

    async def done(self, who: str) -> None:
        """The deadline of `who` no longer counts; an alert that it raised is over."""
        due = self.dues.pop(who, None)
        if due and due.passed:
            await self.alert(due.code, who, "")

    def late(self, who: str) -> bool:
        return who in self.dues and self.dues[who].passed

    async def keep_time(self) -> None:
        """Raise an alert for every deadline that passes; one timer is alive at a time, for the nearest."""
        while True:
            nearest = self._nearest()
            if nearest is None:
                await workflow.wait_condition(lambda: self._nearest() is not None)
                continue
            left = max(nearest.at - workflow.now(), timedelta())
            try:
                await workflow.wait_condition(
                    lambda seen=nearest: self._nearest() is not seen,  # type: ignore[misc]
                    timeout=left,
                    timeout_summary=f"deadline: {nearest.what}",
                )
            except TimeoutError:
                nearest.passed = True
                who = next(name for name, due in self.dues.items() if due is nearest)
                await self.alert(nearest.code, who, f"{nearest.what} is late, it was due {_clock(nearest.at)}")
                self.show()

    def show(self) -> None:
        """Where it stands, and a line for each thing it waits for: what, and until when."""
        headline, *notes = self._story()
        waits = [
            f"waits for {what}" + (f", due {_clock(self.dues[who].at)}" if who in self.dues else "")
            for who, what in self.waits.items()
        ]
        workflow.set_current_details("\n".join([f"**{headline}**", "", *(f"- {line}" for line in notes + waits)]))

    def _nearest(self) -> Due | None:
        return min((due for due in self.dues.values() if not due.passed), key=lambda due: due.at, default=None)

    async def _count(self, call: Awaitable[Result]) -> Result:
        self.in_flight += 1
        try:
            return await call
        finally:
            self.in_flight -= 1


def _clock(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M UTC")
