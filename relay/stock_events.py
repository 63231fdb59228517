"""Partners' events about stock: the relay books them itself, since they belong to no single order."""

from asyncio import to_thread
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from sqlalchemy import Row
from temporalio.client import Client

from models.database import Sessions
from record.stock.purchases import CANCELED, apply_purchase_order
from record.stock.queue import CarryResult
from record.stock.receipts import receive_goods
from record.stock.warehouse_counts import apply_count
from relay.waking import wake
from settings import Settings

BookEvent = Callable[[Sessions, str, str], CarryResult]


class StockEvents:
    """The types of events that are about stock, and the function that books each."""

    def __init__(self, sessions: Sessions, client: Client, settings: Settings) -> None:
        self._sessions = sessions
        self._client = client
        self._settings = settings
        count = partial(apply_count, alert_above=settings.stock_difference_alert)
        self.types: Mapping[str, BookEvent] = {
            "stock.received": receive_goods,
            "stock.snapshot": count,
            "stock.delta": count,
            "purchase_order.placed": apply_purchase_order,
            "purchase_order.changed": apply_purchase_order,
            CANCELED: apply_purchase_order,
        }

    async def carry(self, row: Row[Any]) -> bool:
        """Book the event, then wake the orders that it serves in the sequence of their queue. True when all is done."""
        news = await to_thread(self.types[row.type], self._sessions, row.partner, row.event_id)
        return await wake(self._client, self._settings, news.woken) and news.done
