"""Goods that customers carried home from a store of ours: they leave its stock, whatever its record says."""

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from domain.bundles import explode
from domain.stock.movements import Movement
from models.order import OrderLineRow, OrderRow, ParcelElsewhereRow
from models.stock import ReservationRow, StockRow
from record.orders.alerts import call_a_person
from record.sourcing.needs import outstanding
from record.stock import ledger
from record.stock.demand import bundles_of

STORE_STOCK = "STORE_STOCK"
"""Code of the alert for goods that a store sold and that its stock does not have."""
P, R = ParcelElsewhereRow, ReservationRow
_AT_HOME = P.location_id != "", P.sold != P.lines


def carried_home(session: Session, order_ids: Collection[str]) -> set[str]:
    """Return those of these orders of which something was carried home and has not left the stock of its store."""
    if not order_ids:
        return set()
    return set(session.scalars(select(P.order_id).where(P.order_id.in_(sorted(order_ids)), *_AT_HOME).distinct()))


def sell(session: Session, row: OrderRow) -> int:
    """Take what was carried home from the stock of its store, once, also when the till states more of it later. Return
    how many units. What the store does not have by its record calls a person. `row` is locked."""
    sold = 0
    for parcel in session.scalars(select(P).where(P.order_id == row.order_id, *_AT_HOME).order_by(P.key)).all():
        before, stated = _units(parcel.sold), _units(parcel.lines)
        wanted = _goods(session, row.order_id, stated - before)
        taken = wanted & _available(session, row.order_id, parcel.location_id, wanted)
        movements = [
            Movement(kind, sku, parcel.location_id, units)
            for sku, units in sorted(taken.items())
            for kind in ("allocated", "shipped")
        ]
        ledger.post(session, movements, row.order_id, "carried home")
        if missing := wanted - taken:
            named = ", ".join(f"{units} {sku}" for sku, units in sorted(missing.items()))
            reason = f"{parcel.location_id} sold {named} more than its stock has: count it"
            call_a_person(session, row, STORE_STOCK, reason, f"{parcel.key}:{stated.total()}")
        parcel.sold = [[line_no, units] for line_no, units in sorted((before | stated).items())]
        parcel.sold_at = func.now()
        sold += taken.total()
    session.flush()
    return sold


def _units(lines: Iterable[Any]) -> Counter[int]:
    return Counter(dict(lines))


def _goods(session: Session, order_id: str, units: Counter[int]) -> Counter[str]:
    lines = select(OrderLineRow.line_no, OrderLineRow.sku).where(OrderLineRow.order_id == order_id)
    skus = Counter[str]()
    for line in session.execute(lines):
        skus[line.sku] += units[line.line_no]
    return Counter(explode(+skus, bundles_of(session, order_id)))


def _available(session: Session, order_id: str, location_id: str, wanted: Collection[str]) -> Counter[str]:
    """Return what the store may give away, locked: also what is kept from online sale, and what the order reserved
    there and does not need any more, which is released."""
    here = select(StockRow.sku, StockRow.available).where(StockRow.location_id == location_id)
    rows = session.execute(here.where(StockRow.sku.in_(wanted)).order_by(StockRow.sku).with_for_update(key_share=True))
    found = Counter({row.sku: row.available for row in rows})
    return +(found + _release(session, order_id, location_id, wanted))


def _release(session: Session, order_id: str, location_id: str, wanted: Collection[str]) -> Counter[str]:
    mine = session.scalars(select(R).where(R.order_id == order_id, R.sku.in_(wanted))).all()
    if not mine:
        return Counter()
    needed, released = outstanding(session, order_id), Counter[str]()
    for one in mine:
        others = sum(other.quantity for other in mine if other.sku == one.sku and other is not one)
        kept = max(0, needed.get(one.sku, 0) - others)
        if one.location_id != location_id or kept >= one.quantity:
            continue
        released[one.sku] = one.quantity - kept
        one.quantity = kept
        if not kept:
            session.delete(one)
    session.flush()
    movements = [Movement("released", sku, location_id, units) for sku, units in sorted(released.items())]
    ledger.post(session, movements, order_id, "carried home")
    return released
