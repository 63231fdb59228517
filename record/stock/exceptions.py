"""What partners told of stock and cannot be booked as it is: kept where a person sees it, never silent."""

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
    """Which of the goods can be booked at the location; raises an exception of stock about all others."""
    wanted = set(skus)
    if session.get(LocationRow, location) is None:
        note(session, event, UNKNOWN_LOCATION, location)
        return set()
    ours = set(session.scalars(select(ProductRow.sku).where(ProductRow.sku.in_(wanted))))
    if strange := sorted(wanted - ours):
        note(session, event, UNKNOWN_GOODS, ", ".join(strange))
    return ours


def note(session: Session, event: PartnerEventRow, code: str, detail: str, resolved: bool = False) -> None:
    """Keep it once for each event and code, with what was last wrong."""
    values = {"partner": event.partner, "event_id": event.event_id, "code": code, "detail": detail}
    kept = insert(StockExceptionRow).values(**values, resolved_at=func.now() if resolved else None)
    key = ["partner", "event_id", "code"]
    session.execute(kept.on_conflict_do_update(index_elements=key, set_={"detail": kept.excluded.detail}))


def applied(session: Session, event: PartnerEventRow) -> None:
    """The event is booked in full, so nothing of it is an exception any more."""
    event.applied_at = func.now()
    of_event = StockExceptionRow.partner == event.partner, StockExceptionRow.event_id == event.event_id
    still_open = update(StockExceptionRow).where(*of_event, StockExceptionRow.resolved_at.is_(None))
    session.execute(still_open.values(resolved_at=func.now()))
