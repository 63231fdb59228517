"""Available stock by place, held in memory while a group of claims is decided one after the other."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, Text, any_, bindparam, select
from sqlalchemy.orm import Session

from domain.sourcing.candidates import Wanted
from domain.sourcing.decision import Basis
from domain.sourcing.eligibility import consider
from domain.sourcing.fast import Solution
from domain.sourcing.objective import Problem
from domain.sourcing.places import SourcingRequest
from domain.stock.movements import OutOfStock, Place
from models.base import table
from models.prepared import prepared
from models.stock import LocationRow, ProductRow, StockRow
from record.sourcing.needs import Needs
from record.sourcing.outlooks import OutlookCache, SourcingContext
from record.sourcing.spots import spot_of
from record.stock.buffers import KEPT

# Built once: building a statement costs more than sending it.
_STOCK, _GOODS, _PLACES = table(StockRow), table(ProductRow), table(LocationRow)
_AVAILABLE = prepared(
    select(
        _STOCK.c.sku,
        _STOCK.c.location_id,
        _STOCK.c.available,
        KEPT.label("kept"),
        _GOODS.c.weight_grams,
        _GOODS.c.dangerous_goods_class,
        _GOODS.c.cross_border,
    )
    .join(_GOODS, _GOODS.c.sku == _STOCK.c.sku)
    .join(_PLACES, _PLACES.c.location_id == _STOCK.c.location_id)
    .where(_STOCK.c.sku == any_(bindparam("skus", type_=ARRAY(Text))))
    .order_by(_STOCK.c.sku, _STOCK.c.location_id)
)
# As strong as the update that follows, and in the lock order of every claim (record/stock/ledger.py).
_AVAILABLE_LOCKED = _AVAILABLE.with_for_update(key_share=True, of=_STOCK)


class TakesLong(Exception):
    """Only the exact solver can decide, and it must not run while others wait."""


class _Goods(NamedTuple):
    grams: int
    dangerous: str
    cross_border: bool


class Shelves:
    """Stock of some SKUs at all locations. Units taken for one order are gone for the next."""

    def __init__(self, rows: Iterable[Any], context: SourcingContext) -> None:
        self.context = context
        self.hurried = False
        """True while a group waits for each decision."""
        self._available: dict[str, dict[str, int]] = {}
        self._buffers: dict[Place, int] = {}
        self._goods: dict[str, _Goods] = {}
        for sku, location, available, buffer, *goods in rows:
            self._available.setdefault(sku, {})[location] = available
            if buffer:
                self._buffers[sku, location] = buffer
            self._goods[sku] = _Goods(*goods)

    def refuse_solver(self) -> None:
        """Raise TakesLong from decisions that need the exact solver, while a whole group waits for this one."""
        self.hurried = True
        if self.context.exact:
            self.context = replace(self.context, exact=_takes_long)

    def basis(self, needs: Needs, demand: Mapping[str, int], only: Collection[str] | None = None) -> Basis:
        """Return the locations that may send the order these goods, and why others may not; with `only` just these
        locations are looked at. Its own reservations count as available, buffers do not."""
        stock: dict[str, dict[str, int]] = {}
        buffered: dict[str, dict[str, int]] = {}
        for sku in demand:
            for location, available in self._available.get(sku, {}).items():
                if only is not None and location not in only:
                    continue
                if held_back := self._held_back(needs, sku, location, available):
                    buffered.setdefault(location, {})[sku] = held_back
                own = needs.kept.get((sku, location), 0)
                stock.setdefault(location, {})[sku] = available - held_back + own
        goods = {sku: known for sku in demand if (known := self._goods.get(sku))}
        wanted = Wanted(dict(demand), {sku: known.grams for sku, known in goods.items()})
        asked = SourcingRequest(
            wanted,
            needs.country,
            needs.province,
            frozenset(needs.rejected),
            needs.carrier,
            {sku: known.dangerous for sku, known in goods.items() if known.dangerous},
            frozenset([sku for sku, known in goods.items() if known.cross_border]),
            needs.pickup_location,
            spot_of(needs.spot),
        )
        outlook = self.context.outlook
        return Basis(wanted, consider(asked, stock, self.context.places, outlook, buffered), outlook.weights)

    def _held_back(self, needs: Needs, sku: str, location: str, available: int) -> int:
        """Return the available units that are not sold online; what is sold in a store takes of them."""
        if not self._buffers or needs.in_store:
            return 0
        return min(self._buffers.get((sku, location), 0), max(0, available))

    def confirm(self, needs: Needs, assignments: Mapping[str, Mapping[str, int]]) -> None:
        """Check what was decided on an older reading. Raises OutOfStock if others were faster."""
        for location, skus in assignments.items():
            for sku, units in skus.items():
                available = self._available.get(sku, {}).get(location, 0)
                own = needs.kept.get((sku, location), 0)
                if units > available - self._held_back(needs, sku, location, available) + own:
                    raise OutOfStock("out_of_stock", f"{sku}/{location}")

    def in_network(self, needs: Needs, sku: str) -> int:
        """Return the units that may be promised at all locations that sell."""
        places = self.context.places
        return sum(
            available - self._held_back(needs, sku, location, available)
            for location, available in self._available.get(sku, {}).items()
            if location in places and places[location].sells
        )

    def at(self, needs: Needs, location_id: str) -> dict[str, int]:
        """Return the units that may be promised at one location, by SKU."""
        there = {sku: places[location_id] for sku, places in self._available.items() if location_id in places}
        return {sku: units - self._held_back(needs, sku, location_id, units) for sku, units in there.items()}

    def take(self, assignments: Mapping[str, Mapping[str, int]]) -> None:
        """Subtract units, by location and SKU."""
        for location, units in assignments.items():
            for sku, quantity in units.items():
                self._available[sku][location] -= quantity

    def put_back(self, kept: Mapping[Place, int]) -> None:
        """Add the units of reservations that are released."""
        for (sku, location), units in kept.items():
            if location in (there := self._available.get(sku, {})):
                there[location] += units


def _takes_long(problem: Problem, seconds: float) -> Solution | None:
    raise TakesLong


def read(session: Session, skus: Sequence[str], outlooks: OutlookCache) -> Shelves:
    """Return what is available now, without locks: others may take it first."""
    return _shelves(session, session.execute(_AVAILABLE, {"skus": list(skus)}).all(), outlooks)


def lock(session: Session, skus: Sequence[str], outlooks: OutlookCache) -> Shelves:
    """Return what is available and lock it until the transaction ends, in (sku, location) order."""
    return _shelves(session, session.execute(_AVAILABLE_LOCKED, {"skus": list(skus)}).all(), outlooks)


def _shelves(session: Session, rows: Sequence[Any], outlooks: OutlookCache) -> Shelves:
    return Shelves(rows, outlooks.context_with(session, {row.location_id for row in rows}))
