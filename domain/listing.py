"""What a channel is told of stock: its part of what is available, and never more than there is."""

from dataclasses import dataclass

WHOLE = 100


@dataclass(frozen=True, slots=True)
class Offer:
    """`quantity` units of what the channel calls `channel_sku`; `version` is that of the listing when it was read."""

    sku: str
    channel_sku: str
    quantity: int
    version: int


def offered(available: int, share: int, reserve: int) -> int:
    """Units that the channel may sell: `share` percent of what is available, rounded down, less `reserve` units."""
    return max(0, available * share // WHOLE - reserve)
