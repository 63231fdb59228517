"""The interface of refund clients."""

from dataclasses import dataclass
from typing import Protocol

from domain.money import Money
from integrations.payments import GatewayRefund


@dataclass(frozen=True, slots=True)
class ChannelRefund:
    """Part of the money that a channel has collected for one of its orders; `key` is the same for every attempt.

    `booked` are the platform's ids of the refunds that are already booked for the order."""

    key: str
    channel_order_id: str
    amount: Money
    reason: str
    booked: frozenset[str] = frozenset()


class Refunder(Protocol):
    """Raises CallLimited, RefundRefused with the platform's own code, or PartnerTrouble; it is then unknown whether the
    platform pays back."""

    def refund(self, asked: ChannelRefund) -> GatewayRefund:
        """Pay back once per key; one that the platform already knows is answered as the first time."""
        ...

    def close(self) -> None: ...
