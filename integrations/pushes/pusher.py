"""The interface of push clients."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from domain.stock.views import StockUpdate


@dataclass(frozen=True, slots=True)
class PushResult:
    """Our SKUs that the platform took over, and those that it refused, each with its reason.

    The platform said nothing about a SKU that is in neither.
    """

    taken: frozenset[str]
    refused: Mapping[str, str] = field(default_factory=dict)


class Pusher(Protocol):
    """Every push may raise CallLimited, PushRefused or PartnerTrouble; it is then unknown what was taken over."""

    at_once: int
    """The maximum number of offers in one `push`."""

    def push(self, offers: Sequence[StockUpdate]) -> PushResult:
        """Send the available units in one call. Safe to repeat."""
        ...

    def close(self) -> None: ...
