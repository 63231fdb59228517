"""A step that is canceled or timed out while it works runs to its end, and leaves shared state in order."""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import CancelledError
from temporalio.testing import ActivityEnvironment, WorkflowEnvironment
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, UnsandboxedWorkflowRunner, Worker

from activities.claim_desk import ClaimDesk
from activities.interruption import Uninterrupted

ORDERS = 6
SHORT: dict[str, Any] = {
    "start_to_close_timeout": timedelta(seconds=1),
    "retry_policy": RetryPolicy(initial_interval=timedelta(milliseconds=100), backoff_coefficient=1),
    "local_retry_threshold": timedelta(seconds=2),
}


class Database:
    """A database that stands still until `back` is set."""

    def __init__(self) -> None:
        self.back = threading.Event()
        self.tries = 0
        self.desk: ClaimDesk[int, int] = ClaimDesk(self.commit, lambda claim: claim)

    def commit(self, claims: Sequence[int]) -> list[int]:
        self.back.wait()
        return list(claims)

    def until_tried_again(self) -> None:
        give_up = time.monotonic() + 60
        while self.tries <= ORDERS:
            assert time.monotonic() < give_up, "no claim was tried again"
            time.sleep(0.05)

    @activity.defn(name="claim")
    def claim(self, number: int) -> int:
        self.tries += 1
        return self.desk.submit(number)


@workflow.defn
class Claims:
    @workflow.run
    async def run(self, number: int) -> int:
        return int(await workflow.execute_local_activity("claim", number, **SHORT))


async def test_the_desk_serves_again_after_claims_timed_out_in_its_queue(temporal: WorkflowEnvironment) -> None:
    # given claims that queue while the database stands still, in a worker without the interceptor
    database, queue = Database(), f"desk-{uuid4().hex}"
    worker = Worker(
        temporal.client,
        task_queue=queue,
        workflows=[Claims],
        activities=[database.claim],
        activity_executor=ThreadPoolExecutor(16),
        max_concurrent_local_activities=16,
        workflow_runner=UnsandboxedWorkflowRunner(),
    )
    async with worker:
        orders = [
            await temporal.client.start_workflow(Claims.run, number, id=f"{queue}-{number}", task_queue=queue)
            for number in range(ORDERS)
        ]

        # when they time out and are retried before it is back
        await asyncio.to_thread(database.until_tried_again)
        database.back.set()

        # then each gets its answer, and so does the next claim
        async with asyncio.timeout(60):
            assert await asyncio.gather(*(order.result() for order in orders)) == [*range(ORDERS)]
            assert await asyncio.to_thread(database.desk.submit, 99) == 99


class Running(ActivityInboundInterceptor):
    """Runs the step in this thread, as the SDK does in one of its own."""

    def __init__(self) -> None:
        pass

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        return input.fn(*input.args)


def outcome(step: Callable[[ActivityEnvironment], Any]) -> Any:
    """Run a step that is canceled while it works; return its answer, or raise its failure."""
    environment = ActivityEnvironment()
    whole = Uninterrupted().intercept_activity(Running())

    @activity.defn
    def run() -> Any:
        return asyncio.run(
            whole.execute_activity(ExecuteActivityInput(fn=step, args=(environment,), executor=None, headers={}))
        )

    return environment.run(run)


def test_a_step_canceled_while_it_works_still_answers() -> None:
    def book(environment: ActivityEnvironment) -> str:
        environment.cancel()
        return "booked"

    assert outcome(book) == "booked"


def test_a_step_that_fails_after_its_cancellation_is_canceled() -> None:
    def fail(environment: ActivityEnvironment) -> str:
        environment.cancel()
        raise ConnectionError

    with pytest.raises(CancelledError):
        outcome(fail)
