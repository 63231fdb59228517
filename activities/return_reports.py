"""Apply the reports on a return: receipt and inspection are two facts, each applied once, in either order."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import delete, func, select, tuple_
from sqlalchemy.orm import Session
from temporalio import activity

from domain.status import RETURN, ReturnStatus, TrackingStatus, is_final
from models.database import Sessions
from models.messaging import PartnerEventRow
from models.returns import ReturnedGoodsRow, ReturnRow
from record import journal
from record.returns import cases
from record.returns.cases import lock_return
from record.returns.received_goods import RECEIVED, Judged, apply_receipt, keep, post

ON_ITS_WAY = (TrackingStatus.IN_TRANSIT, TrackingStatus.OUT_FOR_DELIVERY, TrackingStatus.DELIVERED)


@dataclass(frozen=True)
class ReturnReports:
    """Stored webhooks about one case, by (partner, event id), oldest first."""

    return_id: str
    events: list[tuple[str, str]] = field(default_factory=list)


class ReturnProgress:
    def __init__(self, sessions: Sessions) -> None:
        self.sessions = sessions

    @activity.defn
    def record_return(self, reports: ReturnReports) -> str:
        """Apply the new reports, and return the status of the case."""
        with self.sessions.begin() as session:
            row = lock_return(session, reports.return_id)
            events = session.scalars(
                select(PartnerEventRow)
                .where(tuple_(PartnerEventRow.partner, PartnerEventRow.event_id).in_(reports.events))
                .where(PartnerEventRow.applied_at.is_(None))
                .order_by(PartnerEventRow.sequence)
            ).all()
            for event in events:
                if event.type in APPLY:
                    APPLY[event.type](session, row, event)
                event.applied_at = func.now()
            return row.status


def _inspected(session: Session, row: ReturnRow, event: PartnerEventRow) -> None:
    """Apply an inspection to the goods not inspected yet. One that comes before the receipt is also the receipt."""
    if row.received_at is None:
        apply_receipt(session, row, event)
    aside = Counter(cases.received_by_sku(session, row.return_id, RECEIVED))
    if row.inspected_at is not None and not aside:
        return
    judged, photos = Counter[Judged](), dict[Judged, list[str]]()
    for line in event.data["lines"]:
        units = min(line["quantity"], aside[line["sku"]])
        aside[line["sku"]] -= units
        verdict = Judged(line["sku"], line["disposition"], line.get("grade", ""))
        judged[verdict] += units
        photos.setdefault(verdict, []).extend(line.get("photos", ()))
    # Goods that came and were not inspected stay aside.
    judged.update({Judged(sku): units for sku, units in aside.items() if units > 0})
    mine = ReturnedGoodsRow.return_id == row.return_id, ReturnedGoodsRow.disposition == RECEIVED
    session.execute(delete(ReturnedGoodsRow).where(*mine))
    keep(session, row, judged, photos)
    post(session, row, [(one.sku, one.what, units) for one, units in judged.items() if one.what != RECEIVED])
    first = row.inspected_at is None
    row.inspected_at = row.inspected_at or func.now()
    if first and not is_final(RETURN, ReturnStatus(row.status)):
        cases.advance_return(session, row, ReturnStatus.INSPECTED, "", event.data.get("actor") or journal.SYSTEM)
    goods = {f"{one.sku} {one.what} {one.grade}".rstrip(): units for one, units in judged.items()}
    data = {"return_id": row.return_id, "goods": goods}
    key = f"{row.return_id}:judged" + ("" if first else f":{event.event_id}")
    journal.append_fact(session, row.order_id, "return.goods_judged", key, data, event.partner)


def _tracked(session: Session, row: ReturnRow, event: PartnerEventRow) -> None:
    """Record where the parcel is. After the receipt this changes nothing else."""
    row.tracking = event.data["status"]
    before = (ReturnStatus.APPROVED, ReturnStatus.LABEL_ISSUED)
    if row.tracking in ON_ITS_WAY and row.status in before:
        cases.advance_return(session, row, ReturnStatus.IN_TRANSIT, "")


APPLY: Mapping[str, Callable[[Session, ReturnRow, PartnerEventRow], None]] = {
    "return.received": apply_receipt,
    "return.inspected": _inspected,
    "return.tracking_updated": _tracked,
}
