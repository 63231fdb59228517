"""What is available, place by place, held in memory while the claims of a group are decided one after the other."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, Text, any_, bindparam, select
from sqlalchemy.orm import Session

from activities.needs import Needs
from domain import sourcing
from domain.sourcing import Candidate
from domain.stock_views import SELLABLE
from models.base import table
from models.stock import LocationRow, StockRow

# Built once: building a statement costs more than sending it.
_STOCK, _PLACES = table(StockRow), table(LocationRow)
_AVAILABLE = (
    select(
        _STOCK.c.sku,
        _STOCK.c.location_id,
        _STOCK.c.available,
        _PLACES.c.country,
        _PLACES.c.province,
        _PLACES.c.priority,
    )
    .join(_PLACES, _PLACES.c.location_id == _STOCK.c.location_id)
    .where(_STOCK.c.sku == any_(bindparam("skus", type_=ARRAY(Text))), _PLACES.c.kind.in_(sorted(SELLABLE)))
    .order_by(_STOCK.c.sku, _STOCK.c.location_id)
)
# As strong as the update that follows, and in the order in which every claim locks rows (activities/ledger.py).
_AVAILABLE_LOCKED = _AVAILABLE.with_for_update(key_share=True, of=_STOCK)


class _At(NamedTuple):
    country: str
    province: str
    priority: int


class Shelves:
    """Some goods at all locations. What is taken for one order is no longer there for the next."""

    def __init__(self, rows: Iterable[Any]) -> None:
        self._available: dict[str, dict[str, int]] = {}
        self._places: dict[str, _At] = {}
        for row in rows:
            self._available.setdefault(row.sku, {})[row.location_id] = row.available
            self._places[row.location_id] = _At(row.country, row.province, row.priority)

    def candidates(self, needs: Needs, demand: Iterable[str]) -> list[Candidate]:
        """The locations that may send the order something of these goods: all but those that rejected it before. What
        it has reserved is there for itself.
        """
        stock: dict[str, dict[str, int]] = {}
        for sku in demand:
            for location, available in self._available.get(sku, {}).items():
                if location not in needs.rejected:
                    stock.setdefault(location, {})[sku] = available + needs.kept.get((sku, location), 0)
        return [Candidate(location, self._distance(location, needs), units) for location, units in stock.items()]

    def take(self, assignments: Mapping[str, Mapping[str, int]]) -> None:
        """Take units off, by location and SKU."""
        for location, units in assignments.items():
            for sku, quantity in units.items():
                self._available[sku][location] -= quantity

    def _distance(self, location: str, needs: Needs) -> int:
        at = self._places[location]
        return sourcing.distance((at.country, at.province), (needs.country, needs.province), at.priority)


def look(session: Session, skus: Sequence[str]) -> Shelves:
    """What is available now; others may be faster."""
    return Shelves(session.execute(_AVAILABLE, {"skus": list(skus)}))


def lock(session: Session, skus: Sequence[str]) -> Shelves:
    """What is available until the end of the transaction: the rows are locked in (sku, location) order."""
    return Shelves(session.execute(_AVAILABLE_LOCKED, {"skus": list(skus)}))
