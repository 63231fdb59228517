"""What the outside may hear of an order: one table. A line more and one more fact is told.

Told are ids, codes, quantities and amounts, never a name, an address or what somebody wrote.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

PREFIX = "com.baton."
PING = f"{PREFIX}ping"
PATTERN = re.compile(r"\*|com\.baton\.(\*|[a-z_]+\.(\*|[a-z_]+))")


@dataclass(frozen=True, slots=True)
class Public:
    """What is told of one type of event: its title, which fields of its data, and whether with the order's total."""

    title: str
    fields: tuple[str, ...] = ()
    total: bool = False


_WORK, _CASE = ("fulfillment_order_id",), ("return_id",)

PUBLIC: Mapping[str, Public] = {
    "order.received": Public("An order came in", total=True),
    "order.held": Public("An order may not go on", ("code", "line_no")),
    "order.released": Public("A hold was released", ("code", "line_no")),
    "order.forced": Public("All holds were released by force", ("codes",)),
    "order.accepted": Public("An order passed its audit", total=True),
    "order.changed": Public("An order was changed", _CASE),
    "order.canceled": Public("An order was canceled", total=True),
    "order.rejected": Public("An order was rejected", total=True),
    "order.expired": Public("An order was not paid in time", total=True),
    "order.completed": Public("Everything of an order arrived", total=True),
    "reservation.created": Public("Stock is reserved", ("units", "locations")),
    "reservation.released": Public("Reserved stock was let go", ("units",)),
    "sourcing.decided": Public("It is decided which locations send", ("work",)),
    "sourcing.failed": Public("Goods are missing", ("short",)),
    "shortage.decided": Public("It is decided what is done about it", ("action", "sku", "substitute_sku")),
    "fulfillment_order.released": Public("A location has its work", (*_WORK, "location_id")),
    "fulfillment_order.picked": Public("A location has picked", _WORK),
    "fulfillment_order.short_picked": Public("A location did not find everything", (*_WORK, "short")),
    "fulfillment_order.packed": Public("A location has packed", (*_WORK, "parcels")),
    "fulfillment_order.shipped": Public("A parcel has left", (*_WORK, "shipment_id")),
    "fulfillment_order.delivered": Public("A parcel has arrived", (*_WORK, "shipment_id")),
    "fulfillment_order.rejected": Public("A location gives its work back", (*_WORK, "location_id")),
    "fulfillment_order.canceled": Public("Work was called back", (*_WORK, "location_id")),
    "shipment.booked": Public("A carrier takes the parcel", ("shipment_id", "carrier", "waybill")),
    "shipment.voided": Public("A waybill was given back", ("shipment_id",)),
    "shipment.tracking_updated": Public("The carrier tells where it is", (*_WORK, "status", "occurred_at")),
    "payment.authorized": Public("A payment is promised", ("amount", "currency")),
    "payment.captured": Public("A payment has come", ("amount", "currency")),
    "refund.created": Public("A refund is on its way", ("amount", "currency", "refund_id")),
    "refund.succeeded": Public("A refund is paid", ("amount", "currency", "refund_id")),
    "return.credited": Public("A return is paid back as store credit", (*_CASE, "amount", "currency")),
    "return.requested": Public("A return was asked for", (*_CASE, "lines")),
    "return.approved": Public("A return may come", _CASE),
    "return.rejected": Public("A return was refused", _CASE),
    "return.received": Public("A return has come", _CASE),
    "return.inspected": Public("A return was looked at", _CASE),
    "return.settled": Public("A return is paid back", _CASE),
    "return.closed": Public("A return is over", _CASE),
    "return.expired": Public("A return never came", _CASE),
    "return.canceled": Public("A return was called off", _CASE),
    "alert.raised": Public("A person is asked to look", ("code",)),
    "alert.cleared": Public("It is no longer needed", ("code",)),
}


def public_type(event: str) -> str:
    return PREFIX + event


def chosen(patterns: Iterable[str]) -> list[str]:
    """The types of our log that match: `*`, `com.baton.*`, `com.baton.order.*` or a type in full."""
    wanted = [pattern.removesuffix("*") if pattern.endswith("*") else f"{pattern}\n" for pattern in patterns]
    return [event for event in PUBLIC if any(f"{public_type(event)}\n".startswith(start) for start in wanted)]


def told_of(event: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """What is told of an event's data; an event that is not in the table is a KeyError."""
    return {name: data[name] for name in PUBLIC[event].fields if name in data}
