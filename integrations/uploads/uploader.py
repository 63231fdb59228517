"""The interface of upload clients."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.uploading import Parts


@dataclass(frozen=True, slots=True)
class ParcelUpload:
    """A parcel of one order. `lines` are pairs of `channel_line_id` and units; `key` is the same for every attempt.

    `whole` is true if the parcel holds the whole order.
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
    """The smallest part of an order that the platform accepts alone."""

    def upload(self, parcel: ParcelUpload) -> None:
        """Upload a parcel; one that the platform already knows counts as uploaded.

        Raises CallLimited, UploadRefused with the platform's own code, or PartnerTrouble; it is then unknown whether
        the platform took it.
        """
        ...

    def close(self) -> None: ...
