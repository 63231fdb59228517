"""A promise before the order: what there is of each line, when it ships and arrives, and what becomes of the promise.

Pure rules; the decision who sends what is that of every order (domain/sourcing).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from domain.bundles import Parts, whole
from domain.freight import region
from domain.promises import Promised
from domain.sourcing.candidates import Assignments

Line = tuple[str, int]
"""SKU and quantity of a line."""


class LineStatus(StrEnum):
    """Why a line has what it has."""

    IN_STOCK = "in_stock"
    SHORT = "short"
    NOT_SOLD_HERE = "not_sold_here"
    """It is no product of this channel, or not on sale."""


class KeptKind(StrEnum):
    """What is kept until the promise expires."""

    NOTHING = "nothing"
    DATES = "dates"
    STOCK = "stock"


class State(StrEnum):
    """What became of the promise that an order carries. All but TAKEN and KEPT say why it could not be kept."""

    TAKEN = "taken"
    """The order has its dates; its stock is claimed once the order is accepted."""
    KEPT = "kept"
    """The order's stock is claimed at the promised places."""
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    USED = "used"
    """Another order took it."""
    OTHER_GOODS = "other_goods"
    OTHER_PLACE = "other_place"
    CHANGED = "changed"
    """The order was changed before its stock was claimed."""
    PLACE_REFUSED = "place_refused"
    """A promised location refused the order, or a person or remark chose another one."""
    OUT_OF_STOCK = "out_of_stock"
    BEYOND_QUOTA = "beyond_quota"


STANDS = (State.TAKEN, State.KEPT)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a promise and the order that carries it must agree on; `region` is a `region_token`."""

    channel: str
    region: str
    pickup_location: str
    units: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Parcel:
    """`leaves_at` is when it leaves, `arrives_at` when it is expected, and `latest_at` a cautious estimate of that; the
    last two are None if no carrier is known or the customer fetches it."""

    location_id: str
    units: Mapping[str, int]
    carrier: str
    freight_minor: int
    kilometers: float
    leaves_at: datetime
    arrives_at: datetime | None
    latest_at: datetime | None


def region_token(country: str, province: str) -> str:
    """A hash of country and province, however the province is written: what a caller writes there may name somebody."""
    return sha256(region(country, province).encode()).hexdigest()[:20]


def units_of(lines: Iterable[Line]) -> dict[str, int]:
    """Units by SKU over all lines."""
    units = Counter[str]()
    for sku, quantity in lines:
        units[sku] += quantity
    return dict(units)


def allot(lines: Sequence[Line], bundles: Mapping[str, Parts], there: Mapping[str, int]) -> list[int]:
    """The units of each line that stock `there`, by stocked SKU, serves: the first line first, bundles whole."""
    left, given = Counter(there), list[int]()
    for sku, quantity in lines:
        parts = bundles.get(sku, {sku: 1})
        units = min(quantity, whole(parts, left))
        for part, each in parts.items():
            left[part] -= each * units
        given.append(units)
    return given


def dates(by_rule: Promised, parcels: Sequence[Parcel]) -> Promised:
    """The dates to promise: those of our rules, or later ones if the goods cannot make them. Where no rule promises,
    the cautious estimate of the slowest parcel."""
    if not parcels:
        return Promised()
    ship_by = _later(by_rule.ship_by, max(one.leaves_at for one in parcels))
    arrivals = [one.latest_at for one in parcels if one.latest_at]
    return Promised(ship_by, _later(by_rule.deliver_by, max(arrivals, default=None)))


def takes(promised: Terms, order: Terms) -> State:
    """Whether an order may take the promise: TAKEN, or why not."""
    if promised.channel != order.channel:
        # Nothing is said about promises of other channels.
        return State.UNKNOWN
    if promised.units != order.units:
        return State.OTHER_GOODS
    if promised.pickup_location != order.pickup_location:
        return State.OTHER_PLACE
    return State.TAKEN if order.pickup_location or promised.region == order.region else State.OTHER_PLACE


def extra(demand: Mapping[str, int], promised: Assignments) -> dict[str, int] | None:
    """The units of `demand` beyond the promised ones, by SKU; None if the order does not want all that was promised."""
    rest = Counter(demand)
    for skus in promised.values():
        rest.subtract(skus)
    return None if any(units < 0 for units in rest.values()) else {sku: units for sku, units in rest.items() if units}


def renewed(expires_at: datetime, made_at: datetime, until: datetime, longest: timedelta) -> datetime:
    """When a renewed promise expires: never earlier than before, and never later than `longest` after it was made."""
    return max(expires_at, min(until, made_at + longest))


def may_hold(share_percent: int, available: int, held: int) -> int:
    """Units of a SKU that one holder's carts may hold in all: its share of what they hold and what is available,
    rounded up."""
    return -(-(available + held) * share_percent // 100)


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max(filter(None, (one, other)), default=None)
