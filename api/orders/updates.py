"""Asking a running order for something it may refuse: Temporal updates, and what to answer when there is no answer."""

from collections.abc import Awaitable
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

from temporalio.client import (
    WithStartWorkflowOperation,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from api.dependencies import Services
from api.errors import REFUSED, Problem, unavailable
from domain.ids import order_workflow_id
from domain.people import redact
from domain.status import ORDER, OrderStatus, is_final
from models.order import OrderRow
from workflows.starting import ORDER_WORKFLOW, order_start

Told = TypeVar("Told")


async def ask_order(
    services: Services,
    order: OrderRow,
    update: str,
    question: object,
    answer: type[Told],
    update_id: str,
    limit: timedelta | None = None,
) -> Told | None:
    """The workflow's answer, or None when it takes longer than `limit`: it was asked and will still do it.

    The limit is `rpc_timeout` if none is given, and the question None if the update takes none.

    The same `update_id` again gets the same answer. Raises a Problem when the order refuses or has ended, or when
    Temporal does not answer.
    """
    told: Told | None = await answer_of(
        _ask(services, order, update, question, answer, update_id, limit), "the order refused", _ended(order)
    )
    return told


async def answer_of(asked: Awaitable[Told], refused: str, ended: Problem) -> Told | None:
    """What a workflow answers, or None when it takes too long. Raises `ended` when there is no workflow any more, and
    a Problem with the workflow's own reason (or `refused`) when it says no."""
    try:
        return await asked
    except WorkflowUpdateRPCTimeoutOrCancelledError:
        return None
    except WorkflowUpdateFailedError as error:
        reason = error.cause.message if isinstance(error.cause, ApplicationError) else refused
        raise Problem(REFUSED, reason) from None
    except WorkflowAlreadyStartedError:
        raise ended from None
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        raise ended from None
    except RuntimeError:
        # So a client that connects when it is first used tells that it cannot.
        raise unavailable("temporal") from None


async def _ask(
    services: Services,
    order: OrderRow,
    update: str,
    question: object,
    answer: type[Told],
    update_id: str,
    limit: timedelta | None,
) -> Any:
    limit = limit or services.settings.rpc_timeout
    args = [] if question is None else [unnaming(question, order)]
    if order.workflow_started_at is not None:
        handle = services.temporal.get_workflow_handle(order_workflow_id(order.channel, order.channel_order_id))
        return await handle.execute_update(update, args=args, id=update_id, result_type=answer, rpc_timeout=limit)
    # An order in the backlog need not wait for its turn to be canceled; the relay will find it started.
    start = order_start(
        services.settings,
        order.order_id,
        order.channel,
        order.channel_order_id,
        order.customer_id,
        order.units,
        services.allowance.urgency(order.channel, order.tags),
    )
    del start["rpc_timeout"]
    return await services.temporal.execute_update_with_start_workflow(
        update,
        args=args,
        start_workflow_operation=WithStartWorkflowOperation(ORDER_WORKFLOW, **start),
        id=update_id,
        result_type=answer,
        rpc_timeout=limit,
    )


def unnaming(question: Any, order: OrderRow) -> Any:
    """The question without the receiver in what somebody typed: a history cannot be edited."""
    typed = {name: getattr(question, name, "") for name in ("reason", "note")}
    changed = {name: redact(text, order.receiver) for name, text in typed.items() if text}
    return replace(question, **changed) if changed else question


def _ended(order: OrderRow) -> Problem:
    ended = is_final(ORDER, OrderStatus(order.status))
    return Problem(REFUSED, f"the order is already {order.status}" if ended else "the order's workflow has ended")
