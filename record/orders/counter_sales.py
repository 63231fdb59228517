"""Goods that customers carried home from a store of ours: they leave its stock, whatever its record says."""

from collections import Counter
from collections.abc import Collection

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from domain.bundles import explode
from domain.stock.movements import Movement
from models.order import OrderLineRow, OrderRow, ParcelElsewhereRow
from models.stock import StockRow
from record.orders.alerts import call_a_person
from record.stock import ledger
from record.stock.demand import bundles_of

STORE_STOCK = "STORE_STOCK"
"""Code of the alert for goods that a store sold and that its stock does not have."""
P = ParcelElsewhereRow


def carried_home(session: Session, order_ids: Collection[str]) -> set[str]:
    """Return those of these orders of which something was carried home and has not left the stock of its store."""
    if not order_ids:
        return set()
    home = select(P.order_id).where(P.order_id.in_(sorted(order_ids)), P.location_id != "", P.sold_at.is_(None))
    return set(session.scalars(home.distinct()))


def sell(session: Session, row: OrderRow) -> int:
    """Take what was carried home from the stock of its store, once; return how many units. What the store does not have
    by its record calls a person. `row` is locked."""
    sold = 0
    home = select(P).where(P.order_id == row.order_id, P.location_id != "", P.sold_at.is_(None)).order_by(P.key)
    for parcel in session.scalars(home).all():
        wanted = _goods(session, row.order_id, parcel)
        here = _available(session, parcel.location_id, wanted)
        taken = wanted & here
        movements = [
            Movement(kind, sku, parcel.location_id, units)
            for sku, units in sorted(taken.items())
            for kind in ("allocated", "shipped")
        ]
        ledger.post(session, movements, row.order_id, "carried home")
        if missing := wanted - taken:
            named = ", ".join(f"{units} {sku}" for sku, units in sorted(missing.items()))
            reason = f"{parcel.location_id} sold {named} more than its stock has: count it"
            call_a_person(session, row, STORE_STOCK, reason, parcel.key)
        parcel.sold_at = func.now()
        sold += taken.total()
    session.flush()
    return sold


def _goods(session: Session, order_id: str, parcel: ParcelElsewhereRow) -> Counter[str]:
    lines = select(OrderLineRow.line_no, OrderLineRow.sku).where(OrderLineRow.order_id == order_id)
    skus, units = {row.line_no: row.sku for row in session.execute(lines)}, Counter[str]()
    for line_no, number in parcel.lines:
        if line_no in skus:
            units[skus[line_no]] += number
    return Counter(explode(units, bundles_of(session, order_id)))


def _available(session: Session, location_id: str, wanted: Collection[str]) -> Counter[str]:
    """Return what the store may give away, locked; also what is kept from online sale."""
    here = select(StockRow.sku, StockRow.available).where(StockRow.location_id == location_id)
    rows = session.execute(here.where(StockRow.sku.in_(wanted)).order_by(StockRow.sku).with_for_update(key_share=True))
    return Counter({row.sku: max(0, row.available) for row in rows})
