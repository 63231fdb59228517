"""Stock exceptions: partners' reports that cannot be booked, kept where a person sees them."""

from collections.abc import Iterable

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models.arrivals import StockExceptionRow
from models.messaging import PartnerEventRow
from models.stock import LocationRow, ProductRow

UNKNOWN_LOCATION, UNKNOWN_GOODS = "unknown_location", "unknown_goods"
MORE_THAN_ORDERED = "more_than_ordered"


def known_goods(session: Session, event: PartnerEventRow, location: str, skus: Iterable[str]) -> set[str]:
    """Return the SKUs that can be booked at the location; note an exception about all others."""
    wanted = set(skus)
    if session.get(LocationRow, location) is None:
        note(session, event, UNKNOWN_LOCATION, location)
        return set()
    ours = set(session.scalars(select(ProductRow.sku).where(ProductRow.sku.in_(wanted))))
    if strange := sorted(wanted - ours):
        note(session, event, UNKNOWN_GOODS, ", ".join(strange))
    return ours


def note(session: Session, event: PartnerEventRow, code: str, detail: str, resolved: bool = False) -> None:
    """Store an exception once per event and code, with its latest detail."""
    values = {"partner": event.partner, "event_id": event.event_id, "code": code, "detail": detail}
    kept = insert(StockExceptionRow).values(**values, resolved_at=func.now() if resolved else None)
    key = ["partner", "event_id", "code"]
    session.execute(kept.on_conflict_do_update(index_elements=key, set_={"detail": kept.excluded.detail}))


def mark_applied(session: Session, event: PartnerEventRow) -> None:
    """Mark the event as booked in full and resolve its exceptions."""
    event.applied_at = func.now()
    of_event = StockExceptionRow.partner == event.partner, StockExceptionRow.event_id == event.event_id
    still_open = update(StockExceptionRow).where(*of_event, StockExceptionRow.resolved_at.is_(None))
    session.execute(still_open.values(resolved_at=func.now()))
