"""Trouble with a partner as Temporal is told of it: in few words, and with the time after which it is worth a try."""

from datetime import timedelta
from typing import Any

from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from domain.errors import CallLimited, Later, PartnerTrouble


class Pauses(Interceptor):
    """For all steps, so that none needs to know how Temporal is told."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return _Pausing(next)


class _Pausing(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        try:
            return await super().execute_activity(input)
        except Later as told:
            # What only waits its turn is nobody's error: it is counted and logged as such.
            ours = not isinstance(told, CallLimited)
            raise ApplicationError(
                str(told),
                type=type(told).__name__,
                next_retry_delay=timedelta(seconds=told.retry_after),
                category=ApplicationErrorCategory.BENIGN if ours else ApplicationErrorCategory.UNSPECIFIED,
            ) from None
        except PartnerTrouble as trouble:
            # Its words say where and what. With the stack below it would be too large for the page of the order.
            raise ApplicationError(str(trouble), type=type(trouble).__name__) from None
