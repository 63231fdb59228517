"""What the warehouse reports on a return: receipt and inspection are two facts, applied once, in either order."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import delete, func, select, tuple_
from sqlalchemy.orm import Session
from temporalio import activity

from activities import case_records, journal, ledger
from activities.case_records import advance_return, lock_return
from activities.records import known_location
from domain.status import ReturnStatus
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
    """What came is put aside until somebody has looked at it."""
    if row.received_at is not None:
        return
    row.location_id = known_location(session, event.data.get("location_id"), row.location_id or "")
    row.received_at = func.now()
    came: dict[tuple[str, str], int] = {}
    for line in event.data["lines"]:
        came[line["sku"], RECEIVED] = came.get((line["sku"], RECEIVED), 0) + line["quantity"]
    ours = set(session.scalars(select(ProductRow.sku).where(ProductRow.sku.in_({sku for sku, _ in came}))))
    strange = {sku: units for (sku, _), units in came.items() if sku not in ours}
    if strange:
        data = {"return_id": row.return_id, "unknown_goods": strange}
        journal.happened(session, row.order_id, "alert.raised", f"{row.return_id}:strange", data, event.partner)
    came = {key: units for key, units in came.items() if key[0] in ours}
    _keep(session, row, came)
    _post(session, row, came)
    advance_return(session, row, ReturnStatus.RECEIVED, "")


def _inspected(session: Session, row: ReturnRow, event: PartnerEventRow) -> None:
    """An inspection that comes before the receipt is the receipt too."""
    if row.inspected_at is not None:
        return
    _received(session, row, event)
    came = case_records.received_by_sku(session, row.return_id)
    judged: dict[tuple[str, str], int] = {}
    for line in event.data["lines"]:
        units = min(line["quantity"], came.get(line["sku"], 0))
        came[line["sku"]] = came.get(line["sku"], 0) - units
        key = line["sku"], line["disposition"]
        judged[key] = judged.get(key, 0) + units
    # What came and was not judged stays aside.
    judged |= {(sku, RECEIVED): left for sku, left in came.items() if left > 0}
    session.execute(delete(ReturnedGoodsRow).where(ReturnedGoodsRow.return_id == row.return_id))
    _keep(session, row, judged)
    _post(session, row, {key: units for key, units in judged.items() if key[1] != RECEIVED})
    row.inspected_at = func.now()
    advance_return(session, row, ReturnStatus.INSPECTED, "")
    data = {"return_id": row.return_id, "goods": {f"{sku} {what}": units for (sku, what), units in judged.items()}}
    journal.happened(session, row.order_id, "return.goods_judged", f"{row.return_id}:judged", data, event.partner)


def _keep(session: Session, row: ReturnRow, goods: Mapping[tuple[str, str], int]) -> None:
    session.add_all(
        ReturnedGoodsRow(return_id=row.return_id, sku=sku, disposition=disposition, quantity=units)
        for (sku, disposition), units in goods.items()
        if units > 0
    )
    session.flush()


def _post(session: Session, row: ReturnRow, goods: Mapping[tuple[str, str], int]) -> None:
    location = row.location_id or ""
    movements = []
    for (sku, disposition), units in goods.items():
        steps = (("returned", 1), ("quarantined", 1)) if disposition == RECEIVED else AFTER_INSPECTION[disposition]
        movements += [Movement(kind, sku, location, sign * units) for kind, sign in steps if units]
    ledger.post(session, movements, row.order_id, row.return_id)


APPLY: Mapping[str, Callable[[Session, ReturnRow, PartnerEventRow], None]] = {
    "return.received": _received,
    "return.inspected": _inspected,
}
