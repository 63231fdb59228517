"""Goods received for a return case: quarantined parcel by parcel until they are inspected."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from domain import milestones
from domain.status import RETURN, ReturnStatus, is_final
from domain.stock.movements import Movement
from models.messaging import PartnerEventRow
from models.returns import ReturnedGoodsRow, ReturnRow
from models.stock import ProductRow
from record import journal
from record.order_mapping import known_location
from record.returns import cases
from record.stock import ledger

RECEIVED = "received"
# The movements of each disposition, for goods quarantined at receipt.
AFTER_INSPECTION: Mapping[str, tuple[tuple[str, int], ...]] = {
    "restock": (("quarantined", -1),),
    "refurbish": (),
    "quarantine": (),
    "scrap": (("quarantined", -1), ("adjusted", -1)),
    "keep_with_customer": (("quarantined", -1), ("adjusted", -1)),
}


class Judged(NamedTuple):
    """Units of one SKU with the same finding; before the inspection they are `received` and have no grade."""

    sku: str
    what: str = RECEIVED
    grade: str = ""


def apply_receipt(session: Session, row: ReturnRow, event: PartnerEventRow) -> None:
    """Quarantine what came until it is inspected. Goods that the order never sent call a person."""
    if row.received_at is not None:
        _more_received(session, row, event)
        return
    row.location_id = known_location(session, event.data.get("location_id"), row.location_id or "")
    row.received_at = func.now()
    row.goods = row.goods or cases.DELIVERED
    came = _reported_units(event)
    ours = set(session.scalars(select(ProductRow.sku).where(ProductRow.sku.in_(came))))
    room = cases.still_out(session, row)
    expected = {sku: min(units, room.get(sku, 0)) for sku, units in came.items() if sku in ours}
    surplus = {sku: came[sku] - units for sku, units in expected.items() if came[sku] > units}
    strange = {sku: units for sku, units in came.items() if sku not in ours}
    keep(session, row, {Judged(sku): units for sku, units in expected.items()})
    # Surplus goods are not of this case, but they lie there: quarantined until a count finds their owner.
    post(session, row, [(sku, RECEIVED, came[sku]) for sku in expected])
    if strange or surplus:
        _call_a_person(session, row, event, strange, surplus)
    if is_final(RETURN, ReturnStatus(row.status)):
        _came_too_late(row, expected)
    else:
        cases.advance_return(session, row, ReturnStatus.RECEIVED, "", event.data.get("actor") or journal.SYSTEM)
    data = {"return_id": row.return_id, "goods": dict(came)}
    journal.announce(session, row.order_id, milestones.CASE_RECEIVED, data, subject=row.return_id)


def _more_received(session: Session, row: ReturnRow, event: PartnerEventRow) -> None:
    """Quarantine what another parcel of the case brought of the units still expected. More than that calls a person,
    since it may be the same parcel reported twice."""
    reported, came = _reported_units(event), Counter(cases.received_by_sku(session, row.return_id))
    if not _has_receipt(session, row):
        # The inspection stood in for the receipt: only what it did not report is new.
        reported -= came
    room = Counter(cases.still_out(session, row)) & Counter(cases.by_sku(session, row))
    more = reported & (room - came)
    keep(session, row, {Judged(sku): units for sku, units in more.items()})
    post(session, row, [(sku, RECEIVED, units) for sku, units in more.items()])
    if surplus := reported - more:
        _call_a_person(session, row, event, {}, surplus, event.event_id)
    paid = row.value_minor is not None and not row.paid_ahead
    if more and (paid or is_final(RETURN, ReturnStatus(row.status))):
        _came_too_late(row, more)
    place = known_location(session, event.data.get("location_id"), row.location_id or "")
    if more and place != row.location_id:
        row.attention = (
            f"a parcel of the case came to {place}, its goods are booked at {row.location_id}, transfer them"
        )
    if reported:
        data = {"return_id": row.return_id, "goods": dict(reported)}
        key = f"{row.return_id}:more:{event.event_id}"
        journal.append_fact(session, row.order_id, "return.more_received", key, data, event.partner)


def _has_receipt(session: Session, row: ReturnRow) -> bool:
    same = PartnerEventRow.subject == row.return_id, PartnerEventRow.type == "return.received"
    heard = select(PartnerEventRow.event_id).where(*same, PartnerEventRow.applied_at.is_not(None))
    return session.scalar(heard.limit(1)) is not None


def _reported_units(event: PartnerEventRow) -> Counter[str]:
    came = Counter[str]()
    for line in event.data["lines"]:
        came[line["sku"]] += line["quantity"]
    return came


def _came_too_late(row: ReturnRow, goods: Mapping[str, int]) -> None:
    names = ", ".join(f"{units} {sku}" for sku, units in sorted(goods.items()))
    row.attention = f"goods came when the case was paid or over: refund them by hand, or send them back: {names}"


def _call_a_person(
    session: Session,
    row: ReturnRow,
    event: PartnerEventRow,
    strange: Mapping[str, int],
    surplus: Mapping[str, int],
    which: str = "strange",
) -> None:
    data = {"return_id": row.return_id, "unknown_goods": dict(strange), "surplus": dict(surplus)}
    journal.append_fact(session, row.order_id, "alert.raised", f"{row.return_id}:{which}", data, event.partner)
    names = ", ".join(f"{units} {sku}" for sku, units in sorted({**strange, **surplus}.items()))
    row.attention = f"goods came that the order did not send: {names}"


def keep(
    session: Session, row: ReturnRow, goods: Mapping[Judged, int], photos: Mapping[Judged, list[str]] | None = None
) -> None:
    """Add units and photos to what is stored of the case."""
    for one, units in goods.items():
        if units > 0:
            shown = (photos or {}).get(one, [])
            found = {"sku": one.sku, "disposition": one.what, "grade": one.grade, "photos": shown, "quantity": units}
            kept = insert(ReturnedGoodsRow).values(return_id=row.return_id, **found)
            more = {
                "quantity": ReturnedGoodsRow.quantity + kept.excluded.quantity,
                "photos": ReturnedGoodsRow.photos + kept.excluded.photos,
            }
            same = ["return_id", "sku", "disposition", "grade"]
            session.execute(kept.on_conflict_do_update(index_elements=same, set_=more))


def post(session: Session, row: ReturnRow, goods: Iterable[tuple[str, str, int]]) -> None:
    location = row.location_id or ""
    movements = []
    for sku, disposition, units in goods:
        steps = (("returned", 1), ("quarantined", 1)) if disposition == RECEIVED else AFTER_INSPECTION[disposition]
        movements += [Movement(kind, sku, location, sign * units) for kind, sign in steps if units]
    ledger.post(session, movements, row.order_id, row.return_id)
