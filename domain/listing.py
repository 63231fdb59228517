"""What a channel is told of stock: its part of what is available, and never more than there is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Offer:
    """`quantity` units of what the channel calls `channel_sku`; `version` is that of the listing when it was read."""

    sku: str
    channel_sku: str
    quantity: int
    version: int
