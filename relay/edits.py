"""A channel edits an order that a warehouse has: send the workflow the same `edit_order` update that the API sends.

The update's id is the event's and the edit's. Its outcome is in the record; the relay only learns whether the workflow
has it."""

from asyncio import to_thread

from temporalio.client import (
    Client,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
    WorkflowUpdateStage,
)
from temporalio.service import RPCError, RPCStatusCode

from domain.money_alerts import EDIT_NOT_MADE
from relay.cancels import ANSWER_TIMEOUT, START_TIMEOUT
from relay.rows import Rows, Waiting
from workflows.messages import EditAnswer, EditWanted

NOT_MADE = "the channel changed the order, which cannot be changed here any more"


async def ask_to_edit(client: Client, rows: Rows, waiting: Waiting) -> bool:
    """Return True when the order's workflow has the edit, or nobody will make it. Raises RPCError when Temporal is in
    trouble."""
    edit_id = waiting.event.event_id
    try:
        update = await client.get_workflow_handle(waiting.workflow_id).start_update(
            "edit_order",
            EditWanted(edit_id),
            wait_for_stage=WorkflowUpdateStage.ACCEPTED,
            id=edit_id,
            result_type=EditAnswer,
            rpc_timeout=START_TIMEOUT,
        )
    except WorkflowUpdateRPCTimeoutOrCancelledError:
        return False
    except RPCError as trouble:
        if trouble.status is not RPCStatusCode.NOT_FOUND:
            raise
        await to_thread(rows.call_a_person, waiting.order.order_id, EDIT_NOT_MADE, NOT_MADE, edit_id)
        return True
    try:
        await update.result(rpc_timeout=ANSWER_TIMEOUT)
    except WorkflowUpdateRPCTimeoutOrCancelledError:
        # The workflow has it and goes on with it.
        return True
    except WorkflowUpdateFailedError:
        # A refusal of the validator is known only here.
        await to_thread(rows.call_a_person, waiting.order.order_id, EDIT_NOT_MADE, NOT_MADE, edit_id)
    return True
