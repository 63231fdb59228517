"""Asking a running order for something it may refuse: Temporal updates, and what to answer when there is no answer."""

from dataclasses import dataclass
from typing import TypeVar

from temporalio.client import WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from api.dependencies import Services
from api.errors import NOT_STARTED, REFUSED, Problem, unavailable
from domain.ids import order_workflow_id
from domain.status import ORDER, OrderStatus, is_final
from models.order import OrderRow

Told = TypeVar("Told")


@dataclass(frozen=True, slots=True)
class RunningOrder:
    """Where an order's workflow is found, and how the record saw it when it was asked."""

    order_id: str
    workflow_id: str
    status: OrderStatus
    started: bool

    @classmethod
    def of(cls, row: OrderRow) -> "RunningOrder":
        workflow_id = order_workflow_id(row.channel, row.channel_order_id)
        return cls(row.order_id, workflow_id, OrderStatus(row.status), row.workflow_started_at is not None)

    @property
    def ended(self) -> bool:
        return is_final(ORDER, self.status)


async def ask_order(
    services: Services, order: RunningOrder, update: str, question: object, answer: type[Told], update_id: str
) -> Told | None:
    """The workflow's answer, or None when it takes longer than `rpc_timeout`: it was asked and will still do it.

    The same `update_id` again gets the same answer. Raises a Problem when the order refuses, has ended, has not begun,
    or Temporal does not answer.
    """
    if not order.started:
        raise Problem(
            NOT_STARTED, "the order is waiting for its workflow to start; try again", headers={"Retry-After": "2"}
        )
    handle = services.temporal.get_workflow_handle(order.workflow_id)
    try:
        told = await handle.execute_update(
            update, question, id=update_id, result_type=answer, rpc_timeout=services.settings.rpc_timeout
        )
    except WorkflowUpdateRPCTimeoutOrCancelledError:
        return None
    except WorkflowUpdateFailedError as error:
        reason = error.cause.message if isinstance(error.cause, ApplicationError) else "the order refused"
        raise Problem(REFUSED, reason) from None
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        ended = f"the order is already {order.status}" if order.ended else "the order's workflow has ended"
        raise Problem(REFUSED, ended) from None
    except RuntimeError:
        # So a client that connects when it is first used tells that it cannot.
        raise unavailable("temporal") from None
    return told  # type: ignore[no-any-return]
