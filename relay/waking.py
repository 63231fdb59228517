"""Wakes orders that wait for stock, each by a signal."""

from collections.abc import Sequence

import structlog
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from domain.ids import order_workflow_id
from record.stock.queue import ChannelOrder
from relay.isolation import NOT_TAKEN
from settings import Settings

log = structlog.get_logger()


async def wake(client: Client, settings: Settings, orders: Sequence[ChannelOrder]) -> bool:
    """Signal the orders in this sequence. False if Temporal is in trouble: some orders may then not have got it."""
    for channel, channel_order_id in orders:
        handle = client.get_workflow_handle(order_workflow_id(channel, channel_order_id))
        try:
            await handle.signal("stock_arrived", rpc_timeout=settings.rpc_timeout)
        except RPCError as error:
            # A signal that Temporal would refuse again must not have all orders woken again and again.
            if error.status in NOT_TAKEN:
                log.error("order_not_woken", channel=channel, order=channel_order_id, status=error.status.name)
            elif error.status != RPCStatusCode.NOT_FOUND:
                return False
    return True
