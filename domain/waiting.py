"""Why an order waits, and what moves it on: one pure function, in codes. Faces put the codes into words.

`WAITS` is a list of rules; the first that says something about the order is the answer.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from domain.status import FulfillmentStatus, OrderStatus, TrackingStatus


class Party(StrEnum):
    """Who moves the order on."""

    CUSTOMER = "customer"
    SHOP = "shop"
    WAREHOUSE = "warehouse"
    CARRIER = "carrier"
    NOBODY = "nobody"
    """It has ended."""


@dataclass(frozen=True, slots=True)
class PartOfOrder:
    """The work of one location, neither canceled nor rejected, or a parcel that the channel sent itself."""

    status: FulfillmentStatus
    tracking: TrackingStatus | None = None
    pickup: bool = False
    ready: bool = False
    wave_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """An order as it stands.

    `holds` are codes of open holds, `stops` codes for which a person was called. `short` has by SKU the day on which
    goods are promised, None if no day is known. The promises are those given to the customer.
    """

    status: OrderStatus
    holds: Sequence[str] = ()
    stops: Sequence[str] = ()
    short: Mapping[str, date | None] = field(default_factory=dict)
    parts: Sequence[PartOfOrder] = ()
    pickup: bool = False
    ship_by: datetime | None = None
    deliver_by: datetime | None = None

    @property
    def has_left(self) -> bool:
        """True once any part has left."""
        return any(part.status in LEFT for part in self.parts)


@dataclass(frozen=True, slots=True)
class Wait:
    """`values` go into the words for the code: `day` is a date, `at` a time, the others are numbers."""

    code: str
    whom: Party
    values: Mapping[str, object] = field(default_factory=dict)


LEFT = (FulfillmentStatus.SHIPPED, FulfillmentStatus.DELIVERED)
AT_WORK = (
    FulfillmentStatus.RELEASED,
    FulfillmentStatus.PICKING,
    FulfillmentStatus.PICKED,
    FulfillmentStatus.PACKED,
)
HELD: Mapping[str, tuple[str, Party]] = {
    "PAYMENT_DUE": ("payment_due", Party.CUSTOMER),
    "BALANCE_DUE": ("balance_due", Party.CUSTOMER),
    **dict.fromkeys(("ADDRESS", "REGION", "ADDRESS_FORM", "PHONE"), ("address", Party.CUSTOMER)),
    **dict.fromkeys(("PAYMENT", "PAYMENT_AMOUNT", "PAYMENT_TAKEN", "DISPUTED"), ("payment", Party.SHOP)),
    **dict.fromkeys(("REMOTE_AREA", "UNDELIVERABLE", "CARRIER_REFUSED"), ("delivery", Party.SHOP)),
    "CAME_BACK": ("came_back", Party.SHOP),
}
"""By code of a hold; of several the first in this table. A code that is not in it is a review, without a reason: why a
person looks at an order may be nothing for its customer."""
STOPPED: Mapping[str, tuple[str, Party]] = dict.fromkeys(
    ("PARCEL_LOST", "PARCEL_DAMAGED", "PARCEL_UNDECIDED", "PARCEL_SILENT"), ("parcel", Party.SHOP)
)
"""By code for which a person was called. Of all others the customer need not know: the order goes on."""
TRACKED: Mapping[TrackingStatus, str] = {
    TrackingStatus.RETURN_TO_SENDER: "coming_back",
    TrackingStatus.EXCEPTION: "road_trouble",
    TrackingStatus.FAILED_ATTEMPT: "missed",
    TrackingStatus.AVAILABLE_FOR_PICKUP: "at_collection_point",
    TrackingStatus.IN_TRANSIT: "on_the_road",
    TrackingStatus.PRE_TRANSIT: "on_the_road",
    TrackingStatus.OUT_FOR_DELIVERY: "out_for_delivery",
}
"""What is said of a parcel under way; of several parcels the first in this table."""


def why_it_waits(order: Standing) -> Wait:
    """Return the one thing that the order waits for, or how it ended."""
    return next(wait for rule in WAITS if (wait := rule(order)) is not None)


def _ended(order: Standing) -> Wait | None:
    if order.status is OrderStatus.COMPLETED:
        return Wait("fetched" if order.pickup else "delivered", Party.NOBODY)
    if order.status in (OrderStatus.CANCELED, OrderStatus.REJECTED, OrderStatus.EXPIRED):
        return Wait(order.status.value, Party.NOBODY)
    return None


def _held(order: Standing) -> Wait | None:
    if stopped := next((STOPPED[code] for code in order.stops if code in STOPPED), None):
        return Wait(*stopped)
    if not order.holds:
        return None
    code, whom = next((HELD[code] for code in HELD if code in order.holds), ("review", Party.SHOP))
    return Wait(code, whom)


def _short(order: Standing) -> Wait | None:
    if not order.short or order.has_left:
        return None
    days = [day for day in order.short.values() if day is not None]
    if len(days) < len(order.short):
        return Wait("stock", Party.SHOP)
    return Wait("stock_until", Party.SHOP, {"day": max(days)})


def _at_the_store(order: Standing) -> Wait | None:
    waiting = [part for part in order.parts if part.pickup and part.status not in LEFT]
    if waiting and all(part.ready for part in waiting):
        return Wait("ready", Party.CUSTOMER)
    return None


def _partly_on_the_road(order: Standing) -> Wait | None:
    left = sum(part.status in LEFT for part in order.parts)
    if left and (left < len(order.parts) or order.short):
        return Wait("partly_sent", Party.WAREHOUSE, {"sent": left, "parts": len(order.parts) + bool(order.short)})
    return None


def _on_the_road(order: Standing) -> Wait | None:
    under_way = {part.tracking for part in order.parts if part.status is FulfillmentStatus.SHIPPED}
    if not under_way:
        return None
    code = next((TRACKED[status] for status in TRACKED if status in under_way), "on_the_road")
    values = {"at": order.deliver_by} if order.deliver_by and code == "on_the_road" else {}
    whom = Party.CUSTOMER if code == "at_collection_point" else Party.CARRIER
    return Wait(f"{code}_by" if values else code, whom, values)


def _being_packed(order: Standing) -> Wait | None:
    if any(part.status in AT_WORK for part in order.parts):
        return _promised("packing", order)
    return None


def _planned(order: Standing) -> Wait | None:
    waves = [part.wave_at for part in order.parts if part.wave_at]
    if waves and all(part.status is FulfillmentStatus.OPEN for part in order.parts):
        return Wait("planned", Party.WAREHOUSE, {"at": min(waves)})
    return None


def _under_way(order: Standing) -> Wait | None:
    if order.parts or order.status in (OrderStatus.ACCEPTED, OrderStatus.IN_PROGRESS):
        return _promised("accepted", order)
    return Wait("checking", Party.SHOP)


def _promised(code: str, order: Standing) -> Wait:
    if order.ship_by and not order.pickup:
        return Wait(f"{code}_by", Party.WAREHOUSE, {"at": order.ship_by})
    return Wait(code, Party.WAREHOUSE)


WAITS: Sequence[Callable[[Standing], Wait | None]] = (
    _ended,
    _held,
    _short,
    _at_the_store,
    _partly_on_the_road,
    _on_the_road,
    _being_packed,
    _planned,
    _under_way,
)
CODES = frozenset(
    {
        *("delivered", "fetched", "canceled", "rejected", "expired", "review", "stock", "stock_until", "ready"),
        *("partly_sent", "packing", "packing_by", "planned", "accepted", "accepted_by", "checking", "on_the_road_by"),
        *(code for code, _ in (*HELD.values(), *STOPPED.values())),
        *TRACKED.values(),
    }
)
"""Every code that is answered: a face needs words for each."""
