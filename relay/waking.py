"""Orders that wait for stock are told to look again, each by a signal of its own."""

from collections.abc import Sequence

import structlog
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from domain.ids import order_workflow_id
from record.stock.queue import Name
from relay.isolation import NOT_TAKEN
from settings import Settings

log = structlog.get_logger()


async def wake(client: Client, settings: Settings, orders: Sequence[Name]) -> bool:
    """Tell them in this sequence; False when Temporal is in trouble, and then some may not have heard it."""
    for channel, channel_order_id in orders:
        handle = client.get_workflow_handle(order_workflow_id(channel, channel_order_id))
        try:
            await handle.signal("stock_arrived", rpc_timeout=settings.rpc_timeout)
        except RPCError as trouble:
            # One order that Temporal would refuse again must not have all the others woken for ever.
            if trouble.status in NOT_TAKEN:
                log.error("order_not_woken", channel=channel, order=channel_order_id, status=trouble.status.name)
            elif trouble.status != RPCStatusCode.NOT_FOUND:
                return False
    return True
