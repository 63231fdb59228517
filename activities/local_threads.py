"""Separate threads for local activities, which touch only our database."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor


class LocalThreads(Interceptor):
    """Runs local activities in `threads`, so that they do not wait behind calls to partners."""

    def __init__(self, threads: ThreadPoolExecutor) -> None:
        self._threads = threads

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return _Moving(next, self._threads)


class _Moving(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, threads: ThreadPoolExecutor) -> None:
        super().__init__(next)
        self._threads = threads

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        if input.executor is not None and activity.info().is_local:
            input.executor = self._threads
        return await super().execute_activity(input)
