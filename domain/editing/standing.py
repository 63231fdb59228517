"""What an edit is judged by: the order as it is now, and where its goods are."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from domain.bundles import Parts, explode
from domain.order import Order
from domain.status import ORDER, UNDONE, FulfillmentStatus, OrderStatus, is_final

LEFT = (FulfillmentStatus.SHIPPED, FulfillmentStatus.DELIVERED)


@dataclass(frozen=True, slots=True)
class WorkStanding:
    """One fulfillment order that is neither canceled nor rejected, with its units by stocked SKU."""

    fulfillment_order_id: str
    location_id: str
    status: str
    units: Mapping[str, int]

    @property
    def has_left(self) -> bool:
        return self.status in LEFT


@dataclass(frozen=True, slots=True)
class CollectionStanding:
    """What parcels, tenders and links bear already of an order that is paid at the door or by invoice, in minor units,
    and the units of those parcels by stocked SKU."""

    borne: int
    units: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class OrderStanding:
    """`order` is without the lines that Baton added, whose units by stocked SKU are `gifts`. `withdrawn` counts units
    by line number that are not wanted any more. `held` is what was captured and not paid back, and what is
    reserved, in minor units.

    `bundles`, `available` and `sellable` are about ordered and added SKUs: parts of bundles, units that may be
    promised, and those that may be sold. `locations` and `carriers` are known ones, if the edit names any.
    """

    order: Order
    status: OrderStatus
    version: int
    withdrawn: Mapping[int, int] = field(default_factory=dict)
    elsewhere: Mapping[int, int] = field(default_factory=dict)
    """Units by line number that the channel has shipped itself."""
    gifts: Mapping[str, int] = field(default_factory=dict)
    work: Sequence[WorkStanding] = ()
    bundles: Mapping[str, Parts] = field(default_factory=dict)
    available: Mapping[str, int] = field(default_factory=dict)
    sellable: frozenset[str] = frozenset()
    locations: frozenset[str] = frozenset()
    carriers: frozenset[str] = frozenset()
    held: int = 0
    later: "CollectionStanding | None" = None
    """Of an order whose customer pays for each parcel as it comes; it is never charged, nor paid back."""
    in_case: bool = False
    """True if a return case of the order is open, or has given anything back."""
    of_channel: bool = False
    """True if the channel asks: what it says of an order that ended without goods is kept."""
    follow_up: bool = False
    """True if a return placed it: the money of another order pays for it."""
    steering: Mapping[str, Any] = field(default_factory=dict)

    @property
    def closed(self) -> bool:
        """True if it has ended, and nothing about it changes any more."""
        return is_final(ORDER, self.status) and not (self.of_channel and self.status in UNDONE)

    @property
    def begun(self) -> bool:
        """True once it was accepted: its stock is claimed."""
        return self.status in (OrderStatus.ACCEPTED, OrderStatus.IN_PROGRESS)

    def remaining(self, line_no: int) -> int:
        """Return how many units of a line are still wanted; 0 for an unknown one."""
        quantity = next((line.quantity for line in self.order.lines if line.line_no == line_no), 0)
        return quantity - self.withdrawn.get(line_no, 0)

    def wanted(self, order: Order, withdrawn: Mapping[int, int]) -> Counter[str]:
        """Return the units by stocked SKU that this form of the order wants from us in all."""
        units = Counter(self.gifts)
        for line in order.lines:
            gone = withdrawn.get(line.line_no, 0) + self.elsewhere.get(line.line_no, 0)
            units.update(explode({line.sku: line.quantity - gone}, self.bundles))
        return units

    def covered(self, *, only_left: bool = False) -> Counter[str]:
        """Return the units by stocked SKU that some work has, or that have left."""
        units = Counter[str]()
        for work in self.work:
            if work.has_left or not only_left:
                units.update(work.units)
        return units
