"""Release what an order reserves beyond what it still needs."""

from collections import Counter

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.stock.movements import Movement
from models.stock import ReservationRow
from record import journal
from record.sourcing.needs import outstanding
from record.stock import ledger


def release(session: Session, order_id: str, key: str) -> None:
    """Release it, once for each `key`. The caller has locked the order."""
    needed, movements = Counter(outstanding(session, order_id)), list[Movement]()
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
