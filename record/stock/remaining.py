"""Stock that remains for backorders while they are served one after the other."""

from collections import Counter
from collections.abc import Mapping
from math import inf

from sqlalchemy.orm import Session

from record.stock.quotas import quota_left
from record.stock.views import available_in_network


class RemainingStock:
    """Units by SKU, and quota by channel and SKU, that no woken order takes. Each is read when first asked for."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._units: dict[str, int] = {}
        self._quotas: dict[tuple[str, str], float] = {}

    def __getitem__(self, sku: str) -> int:
        if sku not in self._units:
            self._units[sku] = available_in_network(self._session, [sku])[sku]
        return self._units[sku]

    def take(self, channel: str, wants: Mapping[str, int], splits: bool) -> bool:
        """Take what an order of the channel wants, or less if it `splits`. False, with nothing taken, if it cannot be
        served."""
        given = Counter({sku: min(wanted, self[sku], self._allowed(channel, sku)) for sku, wanted in wants.items()})
        if not any(given.values()) or (not splits and given != Counter(wants)):
            return False
        for sku, units in given.items():
            self._units[sku] -= units
            self._quotas[channel, sku] -= units
        return True

    def _allowed(self, channel: str, sku: str) -> float:
        """Return the units that the channel may still claim; infinite without a quota."""
        if (channel, sku) not in self._quotas:
            self._quotas[channel, sku] = quota_left(self._session, channel, [sku]).get(sku, inf)
        return self._quotas[channel, sku]
