"""Builds snapshots of orders for tests of message contents."""

from datetime import datetime, timedelta
from typing import Any

from domain.contents.snapshot import Line, Parcel, Snapshot
from domain.order import Order
from tests.factories import LAMP, TEACUP, an_order

ORDER_ID = "ORDER-1"


def a_snapshot(order: Order | None = None, **changes: Any) -> Snapshot:
    """Two lamps and a cup, if no other order is given; nothing has left yet."""
    order = order or an_order()
    lines = [
        Line(line.line_no, line.sku, line.title, line.quantity, channel_line_id=f"L{line.line_no}")
        for line in order.lines
    ]
    fields: dict[str, Any] = {"order_id": ORDER_ID, "order": order, "status": "in_progress", "lines": lines}
    return Snapshot(**fields | changes)


def a_parcel(order: Order, number: int, units: dict[int, int], hours: float = 24.0) -> Parcel:
    """One that left so many hours after the order was placed, with these units by line number."""
    skus = {line.line_no: line.sku for line in order.lines}
    return Parcel(
        *(number, f"{ORDER_ID}-{number}", "HANGZHOU", "Hangzhou", "SF Express", f"SF-{number}"),
        shipped_at=order.placed_at + timedelta(hours=hours),
        units={skus[line_no]: count for line_no, count in units.items()},
        lines=units,
    )


def hours_after(order: Order, hours: float) -> datetime:
    return order.placed_at + timedelta(hours=hours)


LAMPS, CUPS = 1, 2
GOODS = {LAMPS: LAMP, CUPS: TEACUP}
