"""Take the steps of one workflow, and know what it waits for and until when."""

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
    """The result of a call or a wait is no longer wanted."""


def why(failure: FailureError) -> str:
    """Return why a step failed, in words. Regular activities wrap the failure; local ones raise it as it is."""
    return str(failure.cause or failure)


class StepRunner:
    """Runs the steps, waits and deadlines of one workflow.

    `alert(code, subject, reason)` asks a person to look; an empty reason clears the alert. `details()` returns
    the lines for the Temporal UI: where the workflow stands, then what a person should know. With `one_timer` a timer
    that was set for a deadline that is over goes on, and the next one is looked for when it fires.
    """

    def __init__(
        self,
        dues: dict[str, Due],
        alert: Callable[[str, str, str], Awaitable[None]],
        details: Callable[[], list[str]],
        one_timer: bool = False,
    ) -> None:
        self.dues = dues
        self.waits: dict[str, str] = {}
        self.in_flight = 0
        self.alert = alert
        self._details = details
        self._one_timer = one_timer
        self.look_first: dict[str, Callable[[str], Awaitable[datetime]]] = {}
        """By the code of an alert, for one that the record may know to be premature: returns when it is due."""

    async def run_local(self, step: Step[Request, Result], request: Request, summary: str) -> Result:
        """Run a step that touches only our database. It is local, so that several fit into one workflow task."""
        return await self._count(workflow.execute_local_activity_method(step, request, summary=summary, **DATABASE))

    async def send(self, step: Step[Request, Result], request: Request, summary: str) -> Result:
        """Run a step that sends messages to recipients."""
        return await self._count(workflow.execute_activity_method(step, request, summary=summary, **MESSAGE))

    async def call_partner(
        self, step: Step[Request, Result], request: Request, summary: str, stop: Callable[[], bool] = lambda: False
    ) -> Result:
        """Run a step that calls a partner, for as long as it takes. Once `stop()` is true, cancel the call, wait for
        its end, and raise Stopped."""
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
        """Wait until `ready()`, and show `what` in the Temporal UI meanwhile. False when `at_most` has passed."""
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

    def set_deadline(self, who: str, code: str, what: str, seconds: float) -> None:
        """Raise the alert `code` if `what` is not done within `seconds`. A deadline that is already set stays."""
        if who not in self.dues or self.dues[who].code != code:
            self.dues[who] = Due(workflow.now() + timedelta(seconds=seconds), code, what)

    async def reset_deadline(self, who: str, code: str, what: str, seconds: float) -> None:
        """Start the deadline again from now, and clear the alert that it raised."""
        await self.end_deadline(who)
        self.set_deadline(who, code, what, seconds)

    async def end_deadline(self, who: str) -> None:
        """Remove the deadline, and clear the alert that it raised."""
        due = self.dues.pop(who, None)
        if due and due.passed:
            await self.alert(due.code, who, "")

    def is_late(self, who: str) -> bool:
        return who in self.dues and self.dues[who].passed

    async def watch_deadlines(self) -> None:
        """Raise an alert for each deadline that passes. Only the nearest deadline has a timer."""
        while True:
            nearest = self._nearest()
            if nearest is None:
                await workflow.wait_condition(lambda: self._nearest() is not None)
                continue
            remaining = max(nearest.at - workflow.now(), timedelta())
            try:
                await workflow.wait_condition(
                    lambda seen=nearest: self._replaces(seen),  # type: ignore[misc]
                    timeout=remaining,
                    timeout_summary=self._timer_summary(nearest),
                )
            except TimeoutError:
                await self._on_time()

    def _timer_summary(self, nearest: Due) -> str:
        """One timer may go on when its deadline is over: what it says must stay true."""
        return f"deadline: {nearest.what}" + (", or a later one" if self._one_timer else "")

    def _replaces(self, timed: Due) -> bool:
        """True if the timer for `timed` must give way to another."""
        nearest = self._nearest()
        if self._one_timer:
            return nearest is not None and nearest.at < timed.at
        return nearest is not timed

    async def _on_time(self) -> None:
        """Raise the alert of the nearest deadline, if it has passed and the record does not know better."""
        due = self._nearest()
        if due is None or (self._one_timer and due.at > workflow.now()):
            return
        who = next(name for name, one in self.dues.items() if one is due)
        if due.code in self.look_first:
            due.at = max(due.at, await self.look_first[due.code](who))
            # What was waited for may have come during the look.
            if self.dues.get(who) is not due or due.at > workflow.now():
                return
        due.passed = True
        await self.alert(due.code, who, f"{due.what} is late, it was due {_clock(due.at)}")
        self.show()

    def show(self) -> None:
        """Show in the Temporal UI where the workflow stands, and what it waits for and until when."""
        headline, *notes = self._details()
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
