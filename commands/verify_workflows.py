"""The one check that asks Temporal: every order under way has a running workflow."""

import asyncio
from collections.abc import Iterable

from rich.console import Console
from rich.progress import Progress
from sqlalchemy import select
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from domain.ids import order_workflow_id
from models.database import Sessions
from models.order import OrderRow
from settings import Settings
from workflows.starting import ORDER_WORKFLOW

NAME = "every order under way has a running workflow"
RUNNING = f"WorkflowType = '{ORDER_WORKFLOW}' AND ExecutionStatus = 'Running'"
MAX_CALLS = 50
"""Descriptions asked of Temporal at a time."""


async def check_workflows(record: Sessions, settings: Settings, shown: int) -> tuple[str, int, int, tuple[str, ...]]:
    """Return the check's name, the number of orders, how many have no running workflow, and the first ids of these."""
    client = await Client.connect(settings.temporal_address, namespace=settings.temporal_namespace)
    under_way = await asyncio.to_thread(orders_under_way, record)
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("running workflows", total=len(under_way))
        running = set()
        async for execution in client.list_workflows(RUNNING, page_size=1000):
            running.add(execution.id)
            progress.update(task, completed=min(len(running), len(under_way)))
        unseen = await _not_running(client, sorted(under_way.keys() - running))
    # Orders may have ended meanwhile: only those that are still open in the record are wrong.
    still = await asyncio.to_thread(orders_under_way, record) if unseen else {}
    lost = sorted(still[workflow_id] for workflow_id in unseen if workflow_id in still)
    return NAME, len(under_way), len(lost), tuple(lost[:shown])


def orders_under_way(record: Sessions) -> dict[str, str]:
    """Order ids by workflow id, of all orders whose workflow was started and has not ended."""
    rows = select(OrderRow.order_id, OrderRow.channel, OrderRow.channel_order_id).where(
        OrderRow.workflow_started_at.is_not(None), OrderRow.ended_at.is_(None)
    )
    with record() as session:
        found = session.execute(rows, execution_options={"yield_per": 10_000})
        return {order_workflow_id(row.channel, row.channel_order_id): row.order_id for row in found}


async def _not_running(client: Client, workflow_ids: Iterable[str]) -> list[str]:
    """Return those that do not run. Temporal's list of workflows lags behind, so each one is described."""
    slots = asyncio.Semaphore(MAX_CALLS)

    async def runs(workflow_id: str) -> bool:
        async with slots:
            try:
                description = await client.get_workflow_handle(workflow_id).describe()
            except RPCError as error:
                if error.status != RPCStatusCode.NOT_FOUND:
                    raise
                return False
        return description.status == WorkflowExecutionStatus.RUNNING

    ids = list(workflow_ids)
    answers = await asyncio.gather(*(runs(workflow_id) for workflow_id in ids))
    return [workflow_id for workflow_id, alive in zip(ids, answers, strict=True) if not alive]
