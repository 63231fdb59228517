"""Stock that remains for backorders while they are served one after the other."""

from collections import Counter
from collections.abc import Iterable, Mapping
from math import inf

from sqlalchemy.orm import Session

from record.stock.buffers import channels_of_stores
from record.stock.quotas import quota_left
from record.stock.views import available_in_network


class RemainingStock:
    """Units by SKU, and quota by channel and SKU, that no woken order takes. Each is read when first asked for.

    Of units that are kept as a buffer only orders of stores are served.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._units: dict[str, int] = {}
        self._quotas: dict[tuple[str, str], float] = {}
        self._stores: frozenset[str] | None = None
        self._buffers: dict[str, int] = {}

    def __getitem__(self, sku: str) -> int:
        if sku not in self._units:
            self._units[sku] = available_in_network(self._session, [sku])[sku]
        return self._units[sku]

    def take(self, channel: str, wants: Mapping[str, int], splits: bool) -> bool:
        """Take what an order of the channel wants, or less if it `splits`. False, with nothing taken, if it cannot be
        served."""
        given = Counter(
            {
                sku: min(wanted, max(0, self[sku] + self._buffer(sku, channel)), self._allowed(channel, sku))
                for sku, wanted in wants.items()
            }
        )
        if not any(given.values()) or (not splits and given != Counter(wants)):
            return False
        for sku, units in given.items():
            self._units[sku] -= units
            self._quotas[channel, sku] -= units
        return True

    def is_spent(self, skus: Iterable[str]) -> bool:
        """True if nothing is left of these SKUs for anybody."""
        return all(self[sku] <= 0 and self[sku] + self._buffer(sku) <= 0 for sku in skus)

    def _buffer(self, sku: str, channel: str = "") -> int:
        """Return the units beyond `self[sku]` that the channel may take if it sells in stores; without a channel, those
        that any such channel may take."""
        if self._stores is None:
            self._stores = channels_of_stores(self._session)
        if not self._stores or (channel and channel not in self._stores):
            return 0
        if sku not in self._buffers:
            in_all, online = (
                available_in_network(self._session, [sku], with_buffers=one)[sku] for one in (True, False)
            )
            self._buffers[sku] = in_all - online
        return self._buffers[sku]

    def _allowed(self, channel: str, sku: str) -> float:
        """Return the units that the channel may still claim; infinite without a quota."""
        if (channel, sku) not in self._quotas:
            self._quotas[channel, sku] = quota_left(self._session, channel, [sku]).get(sku, inf)
        return self._quotas[channel, sku]
