"""Exits with 0 when a worker of this machine has asked Temporal for work in the last minutes."""

import asyncio
import socket
from datetime import UTC, datetime, timedelta

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client

from embedded.ending import end_process
from settings import Settings

# A poll takes a minute when there is nothing to do.
RECENT = timedelta(minutes=3)


async def is_polling(settings: Settings) -> bool:
    """Whether Temporal knows a recent poller whose identity names this machine, as the SDK's own identities do."""
    client = await Client.connect(settings.temporal_address, namespace=settings.temporal_namespace)
    request = DescribeTaskQueueRequest(
        namespace=settings.temporal_namespace,
        task_queue=TaskQueue(name=settings.task_queue),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    )
    answer = await client.workflow_service.describe_task_queue(request, timeout=timedelta(seconds=5))
    since = datetime.now(UTC) - RECENT
    return any(
        socket.gethostname() in poller.identity and poller.last_access_time.ToDatetime(UTC) > since
        for poller in answer.pollers
    )


if __name__ == "__main__":
    end_process(0 if asyncio.run(is_polling(Settings())) else 1)
