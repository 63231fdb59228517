"""Orders do not send messages: they say to whom they are handed, and the recipients' runs tell."""

import asyncio
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from uuid import uuid4

import pytest
from temporalio import activity, workflow
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from activities.notify import NotifyAnswer, NotifyRequest
from domain.milestones import RECIPIENTS
from tests.baton import Baton
from workflows.notifier import Notifier
from workflows.step_runner import StepRunner

EACH_ONCE = [(recipient, milestone) for recipient in RECIPIENTS for milestone in ("received", "shipped", "delivered")]


async def test_the_runs_of_the_recipients_tell_every_milestone_of_all_orders(quick: Baton) -> None:
    # when
    orders = [await quick.order("TOLD") for _ in range(5)]

    # then; how soon, `baton bench soak` measures (milestone_to_told)
    told = [await quick.until_told(order_id) for order_id in orders]
    assert [sorted(one) for one in told] == [sorted(EACH_ONCE)] * len(orders)
    assert (await quick.show(orders[0]))["messages_not_taken"] == {}


@dataclass(frozen=True)
class Wakes:
    """How often the notifier is woken before the end, and at the end."""

    before: int
    at_the_end: int


@workflow.defn
class NotifyingWorkflow:
    @workflow.run
    async def run(self, wakes: Wakes) -> None:
        async def alert(code: str, subject: str, reason: str) -> None: ...

        notifier = Notifier("ORDER-1", StepRunner({}, alert, lambda: ["a test"]), hands_over=True)
        running = asyncio.create_task(notifier.run())
        for _ in range(wakes.before):
            notifier.wake()
            await workflow.sleep(0.001)
        for _ in range(wakes.at_the_end):
            notifier.wake()
        notifier.close()
        await running


@activity.defn(name="notify")
def say(request: NotifyRequest) -> NotifyAnswer:
    return NotifyAnswer(handed={"erp": 1})


@pytest.mark.parametrize(
    ("wakes", "times"), [(Wakes(0, 0), 0), (Wakes(0, 2), 1), (Wakes(1, 0), 1), (Wakes(1, 1), 2), (Wakes(4, 1), 2)]
)
async def test_an_order_says_twice_at_most_to_whom_its_messages_are_handed(
    wakes: Wakes, times: int, temporal: WorkflowEnvironment
) -> None:
    queue = f"notifying-{uuid4().hex[:8]}"
    with ThreadPoolExecutor(1) as threads:
        async with Worker(
            temporal.client,
            task_queue=queue,
            workflows=[NotifyingWorkflow],
            activities=[say],
            activity_executor=threads,
            workflow_runner=UnsandboxedWorkflowRunner(),
        ):
            run = await temporal.client.start_workflow(NotifyingWorkflow.run, wakes, id=queue, task_queue=queue)
            await run.result()

    events = await events_of(run)
    assert events[EventType.EVENT_TYPE_MARKER_RECORDED] == times
    assert events[EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED] == 0


async def events_of(run: WorkflowHandle[object, object]) -> Counter[int]:
    return Counter(event.event_type for event in (await run.fetch_history()).events)
