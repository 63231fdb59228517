"""Report trouble with a partner to Temporal: in few words, and with the partner's own delay before the retry."""

from datetime import timedelta
from typing import Any

from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from domain.errors import CallLimited, Later, PartnerTrouble


class Pauses(Interceptor):
    """Translates PartnerTrouble of all steps into errors of Temporal."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return _Pausing(next)


class _Pausing(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        try:
            return await super().execute_activity(input)
        except Later as later:
            # A call that only waits its turn is no error: it is counted and logged as benign.
            benign = not isinstance(later, CallLimited)
            raise ApplicationError(
                str(later),
                type=type(later).__name__,
                next_retry_delay=timedelta(seconds=later.retry_after),
                category=ApplicationErrorCategory.BENIGN if benign else ApplicationErrorCategory.UNSPECIFIED,
            ) from None
        except PartnerTrouble as trouble:
            # Its text says where and what. With a stack trace it would be too large for the order's page.
            raise ApplicationError(str(trouble), type=type(trouble).__name__) from None
