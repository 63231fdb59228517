"""Failures of steps as Temporal gets them: the partner's pause as the next retry, and other trouble in one line."""

from datetime import timedelta
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput

from activities.pauses import Pauses
from domain.errors import CallLimited, PartnerSilent, PartnerTrouble


class Failing(ActivityInboundInterceptor):
    """A step that raises this failure."""

    def __init__(self, failure: Exception) -> None:
        self.failure = failure

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        raise self.failure


async def outcome(failure: Exception) -> Exception:
    step = Pauses().intercept_activity(Failing(failure))
    with pytest.raises(Exception) as failed:  # noqa: PT011
        await step.execute_activity(ExecuteActivityInput(fn=print, args=(), executor=None, headers={}))
    return failed.value


async def test_a_pause_that_a_partner_asks_for_delays_the_next_retry() -> None:
    raised = await outcome(CallLimited("wms POST /fulfillment-orders: asks for a pause of 40 s", 40))

    assert isinstance(raised, ApplicationError)
    assert (raised.type, raised.next_retry_delay) == ("CallLimited", timedelta(seconds=40))


async def test_waiting_for_a_silent_partner_is_a_benign_failure() -> None:
    raised = await outcome(PartnerSilent("the warehouse (wms) does not answer: it is tried again at 12:00:00 UTC", 7.5))

    assert isinstance(raised, ApplicationError)
    assert (raised.type, raised.next_retry_delay) == ("PartnerSilent", timedelta(seconds=7.5))
    assert raised.category == ApplicationErrorCategory.BENIGN


async def test_other_partner_trouble_keeps_its_message_and_no_cause() -> None:
    raised = await outcome(PartnerTrouble("wms POST /fulfillment-orders: answered 500"))

    assert isinstance(raised, ApplicationError)
    assert (raised.message, raised.type) == ("wms POST /fulfillment-orders: answered 500", "PartnerTrouble")
    assert (raised.next_retry_delay, raised.__cause__) == (None, None)


async def test_any_other_failure_is_raised_as_it_is() -> None:
    failure = ValueError("a defect")

    assert await outcome(failure) is failure
