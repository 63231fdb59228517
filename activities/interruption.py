"""A step that has begun is not interrupted: work that it shares with other threads would stay half done."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from inspect import iscoroutinefunction
from typing import Any

from temporalio import activity
from temporalio.exceptions import CancelledError
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Inside a step, hold back the SDK's CancelledError until the block is left; elsewhere do nothing.

    The SDK raises it at any line of the thread, also between taking a lock and releasing it.
    """
    if not activity.in_activity():
        yield
        return
    with activity.shield_thread_cancel_exception():
        yield


class Uninterrupted(Interceptor):
    """Lets every step finish that is canceled or times out while it works.

    If it succeeds, its answer counts. If it fails, it is reported as canceled and not retried.
    """

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return _Whole(next)


class _Whole(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        if iscoroutinefunction(input.fn):
            return await super().execute_activity(input)
        return await super().execute_activity(replace(input, fn=_to_the_end(input.fn)))


def _to_the_end(step: Callable[..., Any]) -> Callable[..., Any]:
    def whole(*arguments: Any) -> Any:
        done: list[Any] = []
        try:
            with uninterrupted():
                done.append(step(*arguments))
        except CancelledError:
            if not done:
                raise
        return done[0]

    return whole
