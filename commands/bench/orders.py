"""Places orders through the API and follows them in PostgreSQL until they are complete."""

import asyncio
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

import httpx2
from sqlalchemy import text

from commands.bench.shop import order_body, shop_for
from commands.keys import create_key
from commands.seed import stock_shop
from domain.ids import order_workflow_id
from models.database import Sessions, reading
from models.prepared import prepared

CONNECTIONS = 16
VERIFY = False
"""The API is on this machine, and loading certificates costs as much as many orders."""
SHORTEST_PAUSE, LONGEST_PAUSE, PAUSE_AN_ORDER = 0.1, 1.0, 0.01
"""Seconds between two looks: longer while many orders are open, so that looking costs PostgreSQL next to nothing, and
short at the end, which is what is measured."""
STALLED_AFTER_SECONDS = 60

# Complete means delivered, with all messages sent.
COMPLETE = prepared("""
    SELECT o.order_id FROM orders o WHERE o.order_id = ANY(:orders) AND o.status = 'completed'
    AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.order_id = o.order_id AND m.sent_at IS NULL)
""")
STUCK = text("""
    SELECT o.order_id, o.channel_order_id, o.status, o.attention, o.workflow_started_at IS NOT NULL AS started,
        (SELECT string_agg(h.code, ', ') FROM holds h WHERE h.order_id = o.order_id AND h.released_at IS NULL) AS holds,
        (SELECT string_agg(f.status, ', ') FROM fulfillment_orders f WHERE f.order_id = o.order_id) AS fulfillment,
        (SELECT count(*) FROM messages m WHERE m.order_id = o.order_id AND m.sent_at IS NULL) AS untold
    FROM orders o WHERE o.order_id = ANY(:orders) AND (o.status <> 'completed'
        OR EXISTS (SELECT 1 FROM messages m WHERE m.order_id = o.order_id AND m.sent_at IS NULL))
    ORDER BY o.received_at LIMIT 10
""")


class NotCompleted(RuntimeError):
    """Orders were not completed in time, or not accepted; the message names them and their state."""


class OrderLoad:
    """Places rounds of orders; `sessions` opens the database of the stack at `api_url`."""

    def __init__(self, api_url: str, sessions: Sessions) -> None:
        self._api_url = api_url
        self._sessions = sessions
        self._placed = 0
        self._headers: dict[str, str] = {}

    def prepare(self, orders: int) -> None:
        """Stock the shop for `orders` orders and make a key for the API."""
        with self._sessions.begin() as session:
            stock_shop(session, shop_for(orders))
        self._headers = {"Authorization": f"Bearer {create_key(self._sessions, 'bench', 'staff')}"}

    async def run(self, number: int, completed: Callable[[int], object]) -> None:
        """Place `number` orders and return when all are complete; `completed` is called with the number that are."""
        turns = iter(range(number))
        async with self.client() as client:
            placed = await asyncio.gather(*(self._place_some(client, turns) for _ in range(CONNECTIONS)))
        await self._all_complete([order for orders in placed for order in orders], completed)

    def client(self) -> httpx2.AsyncClient:
        """A client of the API with the key of the bench."""
        return httpx2.AsyncClient(base_url=self._api_url, headers=self._headers, timeout=60, verify=VERIFY)

    async def place(self, client: httpx2.AsyncClient) -> str:
        """Place the next order and return its id once it is accepted."""
        number, self._placed = self._placed, self._placed + 1
        answer = await client.post("/orders", json=order_body(_name(number), number))
        if answer.status_code != 202:
            raise NotCompleted(f"POST /orders answered {answer.status_code}: {answer.text}")
        return str(answer.json()["order_id"])

    def last_workflows(self, number: int) -> list[str]:
        """The workflow ids of the orders that were placed last."""
        names = [(_name(one), one) for one in range(self._placed - number, self._placed)]
        return [order_workflow_id(order_body(name, one)["channel"], name) for name, one in names]

    async def _place_some(self, client: httpx2.AsyncClient, turns: Iterator[int]) -> list[str]:
        return [await self.place(client) for _ in turns]

    async def _all_complete(self, orders: Sequence[str], completed: Callable[[int], object]) -> None:
        still_open, progress_at = set(orders), time.monotonic()
        while still_open:
            if done := self._complete(still_open):
                still_open, progress_at = still_open - done, time.monotonic()
                completed(len(orders) - len(still_open))
            elif time.monotonic() - progress_at > STALLED_AFTER_SECONDS:
                raise NotCompleted(self._what_is_stuck(still_open))
            if still_open:
                await asyncio.sleep(min(max(SHORTEST_PAUSE, PAUSE_AN_ORDER * len(still_open)), LONGEST_PAUSE))

    def _complete(self, orders: Collection[str]) -> set[str]:
        with reading(self._sessions) as session:
            return set(session.scalars(COMPLETE, {"orders": list(orders)}))

    def _what_is_stuck(self, orders: Collection[str]) -> str:
        with self._sessions() as session:
            rows = session.execute(STUCK, {"orders": list(orders)}).mappings().all()
        lines = [", ".join(f"{name} {value}" for name, value in row.items() if value is not None) for row in rows]
        title = f"no order was completed for {STALLED_AFTER_SECONDS} s; stuck are"
        return "\n  ".join([title, *lines])


@dataclass
class Paced:
    """Orders of `load` while each step of a partner takes `seconds`. `workflows` are those of the last round."""

    load: OrderLoad
    simulators_url: str
    seconds: float
    workflows: Sequence[str] = ()

    async def run(self, number: int, completed: Callable[[int], object]) -> None:
        async with httpx2.AsyncClient(base_url=self.simulators_url, verify=VERIFY) as simulators:
            answer = await simulators.put("/pace", json={"step_seconds": self.seconds})
        answer.raise_for_status()
        await self.load.run(number, completed)
        self.workflows = self.load.last_workflows(number)


def _name(number: int) -> str:
    return f"BENCH-{number:06}"
