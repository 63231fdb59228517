"""What every platform is told of a parcel."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.uploading import Parts


@dataclass(frozen=True, slots=True)
class Sending:
    """A parcel of one order. `lines` are pairs of `channel_line_id` and units; `key` is the same for every try.

    `whole`: it is the whole order at once.
    """

    key: str
    channel_order_id: str
    carrier: str
    waybill: str
    happened_at: datetime
    lines: Sequence[tuple[str, int]]
    whole: bool


class Uploader(Protocol):
    parts: Parts
    """The smallest part of an order that the platform takes by itself."""

    def upload(self, sending: Sending) -> None:
        """Tell of a parcel; what is known there already counts as taken. Raises CallLimited, UploadRefused, whose code
        is the platform's own, or PartnerTrouble; whether it was taken over is not known then."""
        ...

    def close(self) -> None: ...
