"""Report the beginning and end of each step to the process's watch (embedded/watch.py)."""

from collections.abc import Callable
from dataclasses import replace
from inspect import iscoroutinefunction
from typing import Any

from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from embedded.watch import Threads


class Watched(Interceptor):
    """For the steps of one worker; `local` are the threads of local activities, if they have their own."""

    def __init__(self, threads: Threads, local: Threads | None = None) -> None:
        self._threads = threads
        self._local = local or threads

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return _Watching(next, self._threads, self._local)


class _Watching(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, threads: Threads, local: Threads) -> None:
        super().__init__(next)
        self._threads = threads
        self._local = local

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        if iscoroutinefunction(input.fn):
            return await super().execute_activity(input)
        threads = self._local if activity.info().is_local else self._threads
        return await super().execute_activity(replace(input, fn=_seen(input.fn, threads)))


def _seen(step: Callable[..., Any], threads: Threads) -> Callable[..., Any]:
    def seen(*arguments: Any) -> Any:
        with threads.one_taken():
            return step(*arguments)

    return seen
