"""Release what an order reserves, or holds of quotas, beyond what it still needs."""

from collections import Counter

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.stock.movements import Movement
from models.order import OrderRow
from models.stock import ReservationRow
from record import journal
from record.sourcing import shelves
from record.sourcing.needs import outstanding
from record.sourcing.outlooks import OutlookCache
from record.stock import demand, ledger, quotas


def release(session: Session, order: OrderRow, key: str, outlooks: OutlookCache) -> None:
    """Release it, once for each `key`. The caller has locked the order; from here on all that its lines name is locked,
    quotas before stock, so that the caller may claim of it."""
    order_id, needed = order.order_id, Counter(outstanding(session, order.order_id))
    skus = demand.skus_of(session, order_id)
    locked = quotas.lock_quotas(session, [order.channel], skus, [order_id])
    locked.reduce_to(order_id, needed + Counter(demand.covered_units(session, order_id)))
    locked.write()
    shelves.lock(session, skus, outlooks)
    movements = list[Movement]()
    mine = select(ReservationRow).where(ReservationRow.order_id == order_id)
    for row in session.scalars(mine.order_by(ReservationRow.sku, ReservationRow.location_id)).all():
        kept = min(row.quantity, needed[row.sku])
        needed[row.sku] -= kept
        if kept < row.quantity:
            movements.append(Movement("released", row.sku, row.location_id, row.quantity - kept))
            row.quantity = kept
        if not kept:
            session.delete(row)
    if movements:
        session.flush()
        ledger.post(session, movements, order_id, "released")
        units = sum(movement.quantity for movement in movements)
        journal.append_fact(session, order_id, "reservation.released", f"reservation.released:{key}", {"units": units})
