"""A channel cancels an order: send the workflow the same `cancel` update that the API sends, and keep its answer.

The update's id is the event's, so that a repeat joins the first request. The relay does not wait for a slow answer: it
comes back for it, ever more rarely, as for every event that is not done.
"""

from asyncio import to_thread
from datetime import timedelta

from temporalio.client import (
    Client,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
    WorkflowUpdateStage,
)
from temporalio.service import RPCError, RPCStatusCode

from relay.rows import ENDED, Rows, Waiting
from workflows.messages import CancelAnswer, CancelRequest

START_TIMEOUT = timedelta(seconds=2)
ANSWER_TIMEOUT = timedelta(seconds=0.3)
TOO_LATE = "the channel canceled the order after it had ended"


async def ask_to_cancel(client: Client, rows: Rows, waiting: Waiting) -> bool:
    """Return True when the answer is known and kept. Raises RPCError when Temporal is in trouble."""
    order = waiting.order
    request = CancelRequest("the channel canceled the order", order.channel)
    try:
        update = await client.get_workflow_handle(waiting.workflow_id).start_update(
            "cancel",
            request,
            wait_for_stage=WorkflowUpdateStage.ACCEPTED,
            id=waiting.event.event_id,
            result_type=CancelAnswer,
            rpc_timeout=START_TIMEOUT,
        )
        answer: CancelAnswer = await update.result(rpc_timeout=ANSWER_TIMEOUT)
    except WorkflowUpdateRPCTimeoutOrCancelledError:
        return False
    except WorkflowUpdateFailedError:
        # The update's validator refuses only orders that have ended.
        answer = CancelAnswer(ENDED, TOO_LATE)
    except RPCError as trouble:
        if trouble.status is not RPCStatusCode.NOT_FOUND:
            raise
        answer = CancelAnswer(ENDED, TOO_LATE)
    await to_thread(rows.keep_cancel_answer, order.order_id, answer.answer, answer.detail)
    return True
