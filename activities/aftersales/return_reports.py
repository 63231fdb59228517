"""What the warehouse reports on a return: receipt and inspection are two facts, applied once, in either order."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import delete, func, select, tuple_
from sqlalchemy.orm import Session
from temporalio import activity

from activities import journal
from activities.aftersales import case_records
from activities.aftersales.case_records import lock_return
from activities.records import known_location
from activities.stock import ledger
from domain import milestones
from domain.status import ReturnStatus, TrackingStatus
from domain.stock import Movement
from models.database import Sessions
from models.messaging import PartnerEventRow
from models.returns import ReturnedGoodsRow, ReturnRow
from models.stock import ProductRow

RECEIVED = "received"
# What each disposition does with goods that were put aside at receipt.
AFTER_INSPECTION: Mapping[str, tuple[tuple[str, int], ...]] = {
    "restock": (("quarantined", -1),),
    "refurbish": (),
    "quarantine": (),
    "scrap": (("quarantined", -1), ("adjusted", -1)),
    "keep_with_customer": (("quarantined", -1), ("adjusted", -1)),
}

ON_ITS_WAY = (TrackingStatus.IN_TRANSIT, TrackingStatus.OUT_FOR_DELIVERY, TrackingStatus.DELIVERED)


class Judged(NamedTuple):
    """Units of one SKU that were found alike; before the inspection they are `received` and have no grade."""

    sku: str
    what: str = RECEIVED
    grade: str = ""


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
        """Apply the reports that were not applied before, and answer the status of the case."""
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


def _received(session: Session, row: ReturnRow, event: PartnerEventRow) -> None:
    """What came is put aside until somebody has looked at it; what was never sent calls a person."""
    if row.received_at is not None:
        return
    row.location_id = known_location(session, event.data.get("location_id"), row.location_id or "")
    row.received_at = func.now()
    row.goods = row.goods or case_records.DELIVERED
    came = Counter[str]()
    for line in event.data["lines"]:
        came[line["sku"]] += line["quantity"]
    ours = set(session.scalars(select(ProductRow.sku).where(ProductRow.sku.in_(came))))
    room = case_records.still_out(session, row)
    expected = {sku: min(units, room.get(sku, 0)) for sku, units in came.items() if sku in ours}
    surplus = {sku: came[sku] - units for sku, units in expected.items() if came[sku] > units}
    strange = {sku: units for sku, units in came.items() if sku not in ours}
    _keep(session, row, {Judged(sku): units for sku, units in expected.items()})
    # Surplus goods are nobody's of this case, but they lie there: they stay aside until a count finds their owner.
    _post(session, row, [(sku, RECEIVED, came[sku]) for sku in expected])
    if strange or surplus:
        _call_a_person(session, row, event, strange, surplus)
    case_records.advance_return(session, row, ReturnStatus.RECEIVED, "", event.data.get("actor") or journal.SYSTEM)
    told = {"return_id": row.return_id, "goods": dict(came)}
    journal.announce(session, row.order_id, milestones.CASE_RECEIVED, told, subject=row.return_id)


def _call_a_person(
    session: Session, row: ReturnRow, event: PartnerEventRow, strange: Mapping[str, int], surplus: Mapping[str, int]
) -> None:
    data = {"return_id": row.return_id, "unknown_goods": strange, "surplus": surplus}
    journal.happened(session, row.order_id, "alert.raised", f"{row.return_id}:strange", data, event.partner)
    names = ", ".join(f"{units} {sku}" for sku, units in sorted({**strange, **surplus}.items()))
    row.attention = f"goods came that the order did not send: {names}"


def _inspected(session: Session, row: ReturnRow, event: PartnerEventRow) -> None:
    """An inspection that comes before the receipt is the receipt too."""
    if row.inspected_at is not None:
        return
    _received(session, row, event)
    came = case_records.received_by_sku(session, row.return_id)
    judged, photos = Counter[Judged](), dict[Judged, list[str]]()
    for line in event.data["lines"]:
        units = min(line["quantity"], came.get(line["sku"], 0))
        came[line["sku"]] = came.get(line["sku"], 0) - units
        verdict = Judged(line["sku"], line["disposition"], line.get("grade", ""))
        judged[verdict] += units
        photos.setdefault(verdict, []).extend(line.get("photos", ()))
    # What came and was not judged stays aside.
    judged.update({Judged(sku): left for sku, left in came.items() if left > 0})
    session.execute(delete(ReturnedGoodsRow).where(ReturnedGoodsRow.return_id == row.return_id))
    _keep(session, row, judged, photos)
    _post(session, row, [(one.sku, one.what, units) for one, units in judged.items() if one.what != RECEIVED])
    row.inspected_at = func.now()
    case_records.advance_return(session, row, ReturnStatus.INSPECTED, "", event.data.get("actor") or journal.SYSTEM)
    goods = {f"{one.sku} {one.what} {one.grade}".rstrip(): units for one, units in judged.items()}
    data = {"return_id": row.return_id, "goods": goods}
    journal.happened(session, row.order_id, "return.goods_judged", f"{row.return_id}:judged", data, event.partner)


def _tracked(session: Session, row: ReturnRow, event: PartnerEventRow) -> None:
    """Where the parcel is; what the carrier says after the receipt changes nothing but that."""
    row.tracking = event.data["status"]
    before = (ReturnStatus.APPROVED, ReturnStatus.LABEL_ISSUED)
    if row.tracking in ON_ITS_WAY and row.status in before:
        case_records.advance_return(session, row, ReturnStatus.IN_TRANSIT, "")


def _keep(
    session: Session, row: ReturnRow, goods: Mapping[Judged, int], photos: Mapping[Judged, list[str]] | None = None
) -> None:
    session.add_all(
        ReturnedGoodsRow(
            return_id=row.return_id,
            sku=one.sku,
            disposition=one.what,
            grade=one.grade,
            photos=(photos or {}).get(one, []),
            quantity=units,
        )
        for one, units in goods.items()
        if units > 0
    )
    session.flush()


def _post(session: Session, row: ReturnRow, goods: Iterable[tuple[str, str, int]]) -> None:
    location = row.location_id or ""
    movements = []
    for sku, disposition, units in goods:
        steps = (("returned", 1), ("quarantined", 1)) if disposition == RECEIVED else AFTER_INSPECTION[disposition]
        movements += [Movement(kind, sku, location, sign * units) for kind, sign in steps if units]
    ledger.post(session, movements, row.order_id, row.return_id)


APPLY: Mapping[str, Callable[[Session, ReturnRow, PartnerEventRow], None]] = {
    "return.received": _received,
    "return.inspected": _inspected,
    "return.tracking_updated": _tracked,
}
