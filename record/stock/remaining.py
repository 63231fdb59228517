"""What is left for those who wait, while one after the other of them is counted out."""

from collections import Counter
from collections.abc import Mapping
from math import inf

from sqlalchemy.orm import Session

from record.stock.quotas import quota_left
from record.stock.views import available_in_network


class RemainingStock:
    """Units by SKU, and of quotas by channel and SKU, that nobody who was woken takes; looked up when they are first
    asked for.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._units: dict[str, int] = {}
        self._quotas: dict[tuple[str, str], float] = {}

    def __getitem__(self, sku: str) -> int:
        if sku not in self._units:
            self._units[sku] = available_in_network(self._session, [sku])[sku]
        return self._units[sku]

    def take(self, channel: str, wants: Mapping[str, int], splits: bool) -> bool:
        """Count out what an order of the channel wants, or less if it `splits`; False, and nothing is taken, if it gets
        nothing by that.
        """
        given = Counter({sku: min(wanted, self[sku], self._allowed(channel, sku)) for sku, wanted in wants.items()})
        if not any(given.values()) or (not splits and given != Counter(wants)):
            return False
        for sku, units in given.items():
            self._units[sku] -= units
            self._quotas[channel, sku] -= units
        return True

    def _allowed(self, channel: str, sku: str) -> float:
        """Units that the channel may still claim; endless where it has no quota."""
        if (channel, sku) not in self._quotas:
            self._quotas[channel, sku] = quota_left(self._session, channel, [sku]).get(sku, inf)
        return self._quotas[channel, sku]
