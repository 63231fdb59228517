"""The workflow that an order is compared with: six activities and three signals that do nothing.

It uses the SDK's defaults. `python -m commands.bench.baseline ADDRESS` runs its worker.
"""

import asyncio
import sys
import time
from collections.abc import Callable
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import Worker

TASK_QUEUE = "bench-baseline"
SIGNALS = 3
BETWEEN_SIGNALS_SECONDS = 0.2
LOOK_EVERY_SECONDS = 0.25
STALLED_AFTER_SECONDS = 60
READY = "baseline worker ready"


@activity.defn
async def do_nothing(step: int) -> int:
    return step


@workflow.defn
class NoopWorkflow:
    """Runs two activities and waits for a signal, three times."""

    def __init__(self) -> None:
        self.signals = 0

    @workflow.run
    async def run(self, name: str) -> int:
        for wanted in range(1, SIGNALS + 1):
            for _ in range(2):
                await workflow.execute_activity(do_nothing, wanted, start_to_close_timeout=timedelta(seconds=30))
            await workflow.wait_condition(lambda wanted=wanted: self.signals >= wanted)  # type: ignore[misc]
        return self.signals

    @workflow.signal
    def go_on(self) -> None:
        self.signals += 1


class NoopLoad:
    """Runs rounds of workflows on the server at `address`."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._client: Client | None = None
        self._started = 0

    async def run(self, number: int, completed: Callable[[int], object]) -> None:
        """Start `number` workflows at once, signal each three times, and return when all are complete."""
        first, self._started = self._started, self._started + number
        client = self._client = self._client or await Client.connect(self._address)
        await asyncio.gather(*(self._one(client, f"noop-{name:06}") for name in range(first, first + number)))
        await self._all_complete(client, first, number, completed)

    async def _one(self, client: Client, name: str) -> None:
        handle = await client.start_workflow(NoopWorkflow.run, name, id=name, task_queue=TASK_QUEUE)
        for _ in range(SIGNALS):
            # Partners take time to answer, so most signals reach a workflow that is waiting.
            await asyncio.sleep(BETWEEN_SIGNALS_SECONDS)
            await handle.signal(NoopWorkflow.go_on)

    async def _all_complete(self, client: Client, before: int, number: int, completed: Callable[[int], object]) -> None:
        """Count from time to time, which costs the server less than a waiting call for each workflow."""
        last, progress_at = 0, time.monotonic()
        query = f"TaskQueue = '{TASK_QUEUE}' AND ExecutionStatus = 'Completed'"
        while (done := (await client.count_workflows(query)).count - before) < number:
            if done > last:
                last, progress_at = done, time.monotonic()
                completed(done)
            elif time.monotonic() - progress_at > STALLED_AFTER_SECONDS:
                raise TimeoutError(f"only {done} of {number} no-op workflows are complete")
            await asyncio.sleep(LOOK_EVERY_SECONDS)
        completed(number)


async def work(address: str) -> None:
    """Run a worker as in the SDK's tutorial, until the process is ended."""
    client = await Client.connect(address)
    async with Worker(client, task_queue=TASK_QUEUE, workflows=[NoopWorkflow], activities=[do_nothing]):
        print(READY, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1]))
