"""The history of an order's workflows, step by step, whether Temporal still has it or not."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import select
from temporalio.service import RPCError, RPCStatusCode

from api.access import Caller
from api.dependencies import Reader, Services, WithServices
from api.errors import FORBIDDEN, NOT_FOUND, UNAVAILABLE, unavailable
from api.inputs import PathId
from api.openapi import responses
from api.orders import examples
from api.orders.view import find_order
from api.schemas import Answer
from domain.ids import order_workflow_id, return_workflow_id
from models.history import KeptHistoryRow
from models.returns import ReturnRow
from workflows.history import fetch_happenings

router = APIRouter(tags=["orders"])


class HappeningAnswer(Answer):
    """`kind` is step, wait, signal, update or end. `outcome` is empty while it runs; `seconds` spans all attempts of a
    step, null if unknown; `failure` is the error of the last failed attempt."""

    at: datetime
    kind: str
    name: str
    summary: str
    outcome: str
    attempts: int
    seconds: float | None
    failure: str


class WorkflowAnswer(Answer):
    workflow_id: str
    happenings: list[HappeningAnswer]


class HistoryAnswer(Answer):
    order_id: str
    workflows: list[WorkflowAnswer]


@router.get(
    "/orders/{order_id}/history",
    summary="Every step, attempt, failure and wait",
    responses=responses(
        {200: ("The order's workflow, then those of its returns", examples.HISTORY)}, FORBIDDEN, NOT_FOUND, UNAVAILABLE
    ),
)
async def read_history(order_id: PathId, caller: Reader, services: WithServices) -> HistoryAnswer:
    """The same as in the Temporal UI, sorted by start. It is kept when Temporal's retention is over.

    A workflow that has not started yet, or whose history was gone before it could be kept, has no happenings.
    """
    names, kept = await run_in_threadpool(_recorded, services, order_id, caller)
    workflows = [
        {"workflow_id": name, "happenings": kept[name] if name in kept else await _live(services, name)}
        for name in names
    ]
    return HistoryAnswer.model_validate({"order_id": order_id, "workflows": workflows})


def _recorded(services: Services, order_id: str, caller: Caller) -> tuple[list[str], dict[str, list[Any]]]:
    """Return the ids of the order's workflows, and their kept happenings by workflow id."""
    with services.sessions() as session:
        order = find_order(session, order_id, caller)
        cases = select(ReturnRow.case_id).where(ReturnRow.order_id == order_id).order_by(ReturnRow.requested_at)
        place = order.channel, order.channel_order_id
        names = [order_workflow_id(*place), *(return_workflow_id(*place, case) for case in session.scalars(cases))]
        rows = session.scalars(select(KeptHistoryRow).where(KeptHistoryRow.order_id == order_id))
        return names, {row.workflow_id: row.happenings for row in rows}


async def _live(services: Services, workflow_id: str) -> list[Any]:
    try:
        return list(await fetch_happenings(services.temporal, workflow_id, services.settings.rpc_timeout))
    except RPCError as error:
        if error.status != RPCStatusCode.NOT_FOUND:
            raise
        return []
    except RuntimeError:
        # A lazy client raises it when it cannot connect.
        raise unavailable("temporal") from None
