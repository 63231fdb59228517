"""What every platform answers to a push of stock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from domain.listing import Offer


@dataclass(frozen=True, slots=True)
class Pushed:
    """The SKUs, in our words, that the platform took over, and those that it refuses, each with its reason.

    One that is in neither was not answered for.
    """

    taken: frozenset[str]
    refused: Mapping[str, str] = field(default_factory=dict)


class Pusher(Protocol):
    """Raises CallLimited, PushRefused or PartnerTrouble; whether anything was taken over is not known then."""

    at_once: int
    """The most offers that one `push` may have."""

    def push(self, offers: Sequence[Offer]) -> Pushed:
        """Say how many units there are, in one call. The same again changes nothing."""
        ...

    def close(self) -> None: ...
