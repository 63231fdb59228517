"""Who asks to be left alone for a while is: a step that was told so is tried again when that time is over."""

from datetime import timedelta
from typing import Any

from temporalio.exceptions import ApplicationError
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from domain.errors import CallLimited


class Pauses(Interceptor):
    """For all steps, so that none needs to know how Temporal is told."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return _Pausing(next)


class _Pausing(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        try:
            return await super().execute_activity(input)
        except CallLimited as limit:
            wait = timedelta(seconds=limit.retry_after)
            raise ApplicationError(str(limit), type=CallLimited.__name__, next_retry_delay=wait) from None
