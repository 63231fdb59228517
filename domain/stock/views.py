"""The stock that a channel sees: which kinds of locations sell, and which part of the available units is shown."""

from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt

EARTH_RADIUS_KM = 6371.0088
"""The mean radius of the Earth (IUGG)."""

# A supplier ships its stock itself. Stock at a virtual location, such as a write-off or goods that another company
# keeps for us, is only counted and never promised.
SELLABLE = frozenset({"warehouse", "store", "supplier"})


@dataclass(frozen=True, slots=True)
class Share:
    """A channel is shown `percent` of what is available, less `reserve` units."""

    percent: int = 100
    reserve: int = 0


@dataclass(frozen=True, slots=True)
class StockUpdate:
    """Tell a channel that it has `quantity` units of its `channel_sku`. `version` is the listing's when it was read."""

    sku: str
    channel_sku: str
    quantity: int
    version: int


def channel_view(available: int, share: Share, quota_remaining: int | None = None) -> int:
    """Units that a channel is shown: max(0, floor(share × available) − reserve), at most what remains of its quota."""
    shown = max(0, available * share.percent // 100 - share.reserve)
    return shown if quota_remaining is None else min(shown, max(0, quota_remaining))


def kilometers(here: tuple[float, float], there: tuple[float, float]) -> float:
    """Great-circle distance of two (latitude, longitude) in degrees. Source: haversine formula (Sinnott, 1984)."""
    (lat_1, lon_1), (lat_2, lon_2) = (tuple(map(radians, place)) for place in (here, there))
    half = sin((lat_2 - lat_1) / 2) ** 2 + cos(lat_1) * cos(lat_2) * sin((lon_2 - lon_1) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(half)))
