"""The facts of an order that subscribers may receive: one table. To publish one more fact, add a line.

Only ids, codes, quantities and amounts are published, never a name, an address or free text.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

PREFIX = "com.baton."
PING = f"{PREFIX}ping"
PATTERN = re.compile(r"\*|com\.baton\.(\*|[a-z_]+\.(\*|[a-z_]+))")


@dataclass(frozen=True, slots=True)
class PublicEvent:
    """What is published of one type of event: a title, the listed fields of its data, and optionally the order's
    total."""

    title: str
    fields: tuple[str, ...] = ()
    total: bool = False


_WORK, _CASE = ("fulfillment_order_id",), ("return_id",)

PUBLIC: Mapping[str, PublicEvent] = {
    "order.received": PublicEvent("An order came in", total=True),
    "order.held": PublicEvent("An order may not go on", ("code", "line_no")),
    "order.released": PublicEvent("A hold was released", ("code", "line_no")),
    "order.forced": PublicEvent("All holds were released by force", ("codes",)),
    "order.accepted": PublicEvent("An order passed its audit", total=True),
    "order.changed": PublicEvent("An order was changed", _CASE),
    "order.canceled": PublicEvent("An order was canceled", total=True),
    "order.rejected": PublicEvent("An order was rejected", total=True),
    "order.expired": PublicEvent("An order was not paid in time", total=True),
    "order.completed": PublicEvent("Everything of an order arrived", total=True),
    "reservation.created": PublicEvent("Stock is reserved", ("units", "locations")),
    "reservation.released": PublicEvent("Reserved stock was let go", ("units",)),
    "sourcing.decided": PublicEvent("It is decided which locations send", ("work",)),
    "sourcing.failed": PublicEvent("Goods are missing", ("short",)),
    "shortage.decided": PublicEvent("It is decided what is done about it", ("action", "sku", "substitute_sku")),
    "fulfillment_order.released": PublicEvent("A location has its work", (*_WORK, "location_id")),
    "fulfillment_order.picked": PublicEvent("A location has picked", _WORK),
    "fulfillment_order.short_picked": PublicEvent("A location did not find everything", (*_WORK, "short")),
    "fulfillment_order.packed": PublicEvent("A location has packed", (*_WORK, "parcels")),
    "fulfillment_order.shipped": PublicEvent("A parcel has left", (*_WORK, "shipment_id")),
    "fulfillment_order.delivered": PublicEvent("A parcel has arrived", (*_WORK, "shipment_id")),
    "fulfillment_order.rejected": PublicEvent("A location gives its work back", (*_WORK, "location_id")),
    "fulfillment_order.canceled": PublicEvent("Work was called back", (*_WORK, "location_id")),
    "shipment.booked": PublicEvent("A carrier takes the parcel", ("shipment_id", "carrier", "waybill")),
    "shipment.voided": PublicEvent("A waybill was given back", ("shipment_id",)),
    "shipment.tracking_updated": PublicEvent("The carrier tells where it is", (*_WORK, "status", "occurred_at")),
    "payment.authorized": PublicEvent("A payment is promised", ("amount", "currency")),
    "payment.captured": PublicEvent("A payment has come", ("amount", "currency")),
    "refund.created": PublicEvent("A refund is on its way", ("amount", "currency", "refund_id")),
    "refund.succeeded": PublicEvent("A refund is paid", ("amount", "currency", "refund_id")),
    "return.credited": PublicEvent("A return is paid back as store credit", (*_CASE, "amount", "currency")),
    "return.requested": PublicEvent("A return was asked for", (*_CASE, "lines")),
    "return.approved": PublicEvent("A return may come", _CASE),
    "return.rejected": PublicEvent("A return was refused", _CASE),
    "return.received": PublicEvent("A return has come", _CASE),
    "return.inspected": PublicEvent("A return was looked at", _CASE),
    "return.settled": PublicEvent("A return is paid back", _CASE),
    "return.closed": PublicEvent("A return is over", _CASE),
    "return.expired": PublicEvent("A return never came", _CASE),
    "return.canceled": PublicEvent("A return was called off", _CASE),
    "alert.raised": PublicEvent("A person is asked to look", ("code",)),
    "alert.cleared": PublicEvent("It is no longer needed", ("code",)),
}


def public_type(event: str) -> str:
    return PREFIX + event


def matching_types(patterns: Iterable[str]) -> list[str]:
    """The event types of our log that match any pattern: `*`, `com.baton.*`, `com.baton.order.*` or a full type."""
    wanted = [pattern.removesuffix("*") if pattern.endswith("*") else f"{pattern}\n" for pattern in patterns]
    return [event for event in PUBLIC if any(f"{public_type(event)}\n".startswith(start) for start in wanted)]


def public_data(event: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """The published fields of an event's data. Raises KeyError for an event that is not in the table."""
    return {name: data[name] for name in PUBLIC[event].fields if name in data}
