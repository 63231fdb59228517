"""The board of the demo: where every order stands and what happened last, read from the record."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from domain.status import ORDER, FulfillmentStatus, OrderStatus, is_final
from models.database import Sessions

ORDERS = text("""
    SELECT order_id, channel, channel_order_id AS number, status,
        ARRAY(SELECT code FROM holds WHERE holds.order_id = orders.order_id AND released_at IS NULL) AS holds,
        ARRAY(SELECT f.status FROM fulfillment_orders f WHERE f.order_id = orders.order_id) AS work,
        EXISTS (SELECT FROM backorders b WHERE b.order_id = orders.order_id) AS waits_for_stock,
        EXISTS (SELECT FROM messages m WHERE m.order_id = orders.order_id AND sent_at IS NULL AND parked_at IS NULL)
            AS has_unsent_messages
    FROM orders WHERE NOT past ORDER BY order_id
""")
EVENTS = text("""
    SELECT event_id, at, channel_order_id AS number, type, actor, data || coalesce(words, '{}') AS data
    FROM order_events JOIN orders USING (order_id) LEFT JOIN event_words USING (event_id)
    WHERE NOT past ORDER BY event_id DESC LIMIT :limit
""")

RECEIVED, HELD, NO_STOCK, ACCEPTED = "received", "held", "waits for stock", "accepted"
IN_WAREHOUSE, ON_THE_ROAD = "in the warehouse", "on the road"
COMPLETED, CANCELED, OTHER = "completed", "canceled", "rejected, expired"
PLACES = (RECEIVED, HELD, NO_STOCK, ACCEPTED, IN_WAREHOUSE, ON_THE_ROAD, COMPLETED, CANCELED, OTHER)
"""Where an order may be, in the order in which it passes them."""
ENDS = (COMPLETED, CANCELED, OTHER)


@dataclass(frozen=True)
class OrderView:
    """An order as it stands. `number` is the channel's; `work` has the statuses of its fulfillment orders."""

    order_id: str
    channel: str
    number: str
    status: OrderStatus
    holds: list[str]
    work: list[str]
    waits_for_stock: bool
    has_unsent_messages: bool

    @property
    def ended(self) -> bool:
        return is_final(ORDER, self.status)

    @property
    def place(self) -> str:
        if self.ended:
            return self.status if self.status in (COMPLETED, CANCELED) else OTHER
        if self.status == OrderStatus.IN_PROGRESS:
            return ON_THE_ROAD if FulfillmentStatus.SHIPPED in self.work else IN_WAREHOUSE
        if self.holds:
            return HELD
        if self.waits_for_stock:
            return NO_STOCK
        return ACCEPTED if self.status == OrderStatus.ACCEPTED else RECEIVED


@dataclass(frozen=True)
class Event:
    """An event of an order."""

    event_id: int
    at: datetime
    number: str
    type: str
    actor: str
    data: dict[str, Any]


@dataclass(frozen=True)
class Board:
    """All orders but those of the past by their number, and the latest events, newest first."""

    orders: dict[str, OrderView]
    latest: Sequence[Event]

    @property
    def ended(self) -> int:
        return sum(order.ended for order in self.orders.values())

    @property
    def settled(self) -> bool:
        """True if every order has ended and all messages are sent."""
        return all(order.ended and not order.has_unsent_messages for order in self.orders.values())

    def places(self, channel: str | None = None) -> Counter[str]:
        """Count the orders by place, of one channel or of all."""
        return Counter(order.place for order in self.orders.values() if channel in (None, order.channel))


def read_board(record: Sessions, latest: int = 8) -> Board:
    """Read where the orders stand now, with the latest events."""
    with record() as session:
        rows = session.execute(ORDERS).mappings()
        orders = [OrderView(**{**row, "status": OrderStatus(row["status"])}) for row in rows]
        events = session.execute(EVENTS, {"limit": latest}).mappings()
        return Board({order.number: order for order in orders}, [Event(**row) for row in events])
