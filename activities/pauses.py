"""Report failures of steps to Temporal: trouble in few words and with the partner's own delay, refusals as final."""

from datetime import timedelta
from typing import Any

from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from domain.errors import CallLimited, Later, PartnerTrouble, Refusal


class Pauses(Interceptor):
    """Translates refusals and PartnerTrouble of all steps into errors of Temporal."""

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
        except Refusal as refusal:
            # Said here, so that not every step's entry in every history lists all refusals there are.
            raise ApplicationError(str(refusal), type=type(refusal).__name__, non_retryable=True) from None
        except PartnerTrouble as trouble:
            # Its text says where and what. With a stack trace it would be too large for the order's page.
            raise ApplicationError(str(trouble), type=type(trouble).__name__) from None
