"""What partners tell of stock: booked by the relay itself, since no single order is meant; it wakes those it serves."""

from asyncio import to_thread
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from sqlalchemy import Row
from temporalio.client import Client

from models.database import Sessions
from record.stock.purchases import CANCELED, apply_purchase_order
from record.stock.queue import News
from record.stock.receipts import receive_goods
from record.stock.warehouse_counts import apply_count
from relay.waking import wake
from settings import Settings

Book = Callable[[Sessions, str, str], News]


class Arrivals:
    """Which types of events are about stock, and how each is booked."""

    def __init__(self, sessions: Sessions, client: Client, settings: Settings) -> None:
        self._sessions = sessions
        self._client = client
        self._settings = settings
        count = partial(apply_count, alert_above=settings.stock_difference_alert)
        self.types: Mapping[str, Book] = {
            "stock.received": receive_goods,
            "stock.snapshot": count,
            "stock.delta": count,
            "purchase_order.placed": apply_purchase_order,
            "purchase_order.changed": apply_purchase_order,
            CANCELED: apply_purchase_order,
        }

    async def carry(self, row: Row[Any]) -> bool:
        """Book the event, then wake those whom it serves, the first in the queue first; True when that is all."""
        news = await to_thread(self.types[row.type], self._sessions, row.partner, row.event_id)
        return await wake(self._client, self._settings, news.woken) and news.done
