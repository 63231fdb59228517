"""Sends Temporal updates to a running order, which may refuse them, and answers when the order does not in time."""

import asyncio
from collections.abc import Awaitable, Callable
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

Reply = TypeVar("Reply")

PAUSES_SECONDS = (0.05, 0.2, 0.5, 1.0)
"""Before an update that Temporal could not pass on is sent again, under its id."""


async def ask_order(
    services: Services,
    order: OrderRow,
    update: str,
    question: object,
    answer: type[Reply],
    update_id: str,
    limit: timedelta | None = None,
) -> Reply | None:
    """Send an update and return the workflow's answer, or None when it takes longer than `limit`: then the order will
    still carry it out.

    `limit` is `rpc_timeout` if not given; `question` is None if the update takes no argument. The same `update_id`
    gets the same answer. Raises a Problem when the order refuses or has ended, or when Temporal does not answer.
    """
    if order.past:
        raise _ended(order)
    reply: Reply | None = await answer_of(
        _ask(services, order, update, question, answer, update_id, limit), "the order refused", _ended(order)
    )
    return reply


async def answer_of(asked: Awaitable[Reply], refused: str, ended: Problem) -> Reply | None:
    """Return a workflow's answer, or None when it takes too long. Raises `ended` when the workflow has ended, and a
    Problem with the workflow's reason (or `refused`) when it refuses."""
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
        if error.status is RPCStatusCode.FAILED_PRECONDITION:
            raise unavailable("temporal") from None
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        raise ended from None
    except RuntimeError:
        # A lazy client raises it when it cannot connect.
        raise unavailable("temporal") from None


async def until_heard(ask: Callable[[], Awaitable[Reply]]) -> Reply:
    """Ask again while Temporal could not pass the question on: it came during a task of the workflow that is done
    again, such as its last one."""
    for pause in PAUSES_SECONDS:
        try:
            return await ask()
        except RPCError as error:
            if error.status is not RPCStatusCode.FAILED_PRECONDITION:
                raise
        await asyncio.sleep(pause)
    return await ask()


async def _ask(
    services: Services,
    order: OrderRow,
    update: str,
    question: object,
    answer: type[Reply],
    update_id: str,
    limit: timedelta | None,
) -> Any:
    limit = limit or services.settings.rpc_timeout
    args = [] if question is None else [unnaming(question, order)]
    if order.workflow_started_at is not None:
        handle = services.temporal.get_workflow_handle(order_workflow_id(order.channel, order.channel_order_id))
        return await until_heard(
            lambda: handle.execute_update(update, args=args, id=update_id, result_type=answer, rpc_timeout=limit)
        )
    # An order still in the backlog is started here, so that canceling it need not wait; the relay finds it started.
    start = order_start(
        services.settings,
        order.order_id,
        order.channel,
        order.channel_order_id,
        order.customer_id,
        order.units,
        services.allowance.urgency(order.channel, order.tags),
        order.edition,
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
    """Remove the receiver's name and number from typed text: a history cannot be edited."""
    typed = {name: getattr(question, name, "") for name in ("reason", "note")}
    changed = {name: redact(text, order.receiver) for name, text in typed.items() if text}
    return replace(question, **changed) if changed else question


def _ended(order: OrderRow) -> Problem:
    if order.past:
        return Problem(REFUSED, f"the order is of the past: it was taken in as {order.status}, and nothing works on it")
    ended = is_final(ORDER, OrderStatus(order.status))
    return Problem(REFUSED, f"the order is already {order.status}" if ended else "the order's workflow has ended")
