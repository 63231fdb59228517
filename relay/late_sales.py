"""A till states more of a sale that has ended: what was carried home leaves the stock of its store all the same."""

from asyncio import to_thread
from collections.abc import Sequence

from models.database import Sessions
from record.channels.events import ELSEWHERE
from record.order_mapping import lock_order
from record.orders import counter_sales
from relay.rows import Waiting


class LateSales:
    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def carry(self, group: Sequence[Waiting]) -> None:
        """Sell what these events say was carried home, of an order without a workflow any more."""
        if any(waiting.event.type == ELSEWHERE for waiting in group):
            await to_thread(self._sell, group[0].order.order_id)

    def _sell(self, order_id: str) -> None:
        with self._sessions.begin() as session:
            counter_sales.sell(session, lock_order(session, order_id))
