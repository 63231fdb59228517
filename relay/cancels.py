"""A channel cancels an order: the same update of the workflow that everybody asks, and an answer that is kept.

The update's id is the event's, so that asking again joins the first question. The relay does not wait for a slow
answer: it comes back for it, ever more rarely, like for every event that is not done.
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

ASK = timedelta(seconds=2)
ANSWER = timedelta(seconds=0.3)
TOO_LATE = "the channel canceled the order after it had ended"


async def ask_to_cancel(client: Client, rows: Rows, waiting: Waiting) -> bool:
    """True when the answer is known and kept. Raises RPCError when Temporal is in trouble."""
    order = waiting.order
    request = CancelRequest("the channel canceled the order", order.channel)
    try:
        asked = await client.get_workflow_handle(waiting.workflow_id).start_update(
            "cancel",
            request,
            wait_for_stage=WorkflowUpdateStage.ACCEPTED,
            id=waiting.event.event_id,
            result_type=CancelAnswer,
            rpc_timeout=ASK,
        )
        told: CancelAnswer = await asked.result(rpc_timeout=ANSWER)
    except WorkflowUpdateRPCTimeoutOrCancelledError:
        return False
    except WorkflowUpdateFailedError:
        # Its validator refuses nothing but orders that have ended.
        told = CancelAnswer(ENDED, TOO_LATE)
    except RPCError as trouble:
        if trouble.status is not RPCStatusCode.NOT_FOUND:
            raise
        told = CancelAnswer(ENDED, TOO_LATE)
    await to_thread(rows.answer_cancel, order.order_id, told.answer, told.detail)
    return True
