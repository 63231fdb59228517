"""Read and advance return cases."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from domain.bundles import explode, whole
from domain.elsewhere import taken_as_delivered
from domain.returns.kinds import KINDS, carried_out_as
from domain.status import RETURN, ReturnStatus, advance
from models.fulfillment import FulfillmentLineRow, FulfillmentOrderRow
from models.messaging import PartnerEventRow
from models.order import OrderLineRow, OrderRow, ParcelElsewhereRow
from models.returns import ReturnedGoodsRow, ReturnLineRow, ReturnRow
from record import journal
from record.stock.demand import bundles_of

DEAD = (ReturnStatus.REJECTED, ReturnStatus.CANCELED, ReturnStatus.EXPIRED)
DELIVERED, NEVER_LEFT = "delivered", ("recalled", "intercepted")
_ANY_WAREHOUSE = text("""
    SELECT location_id FROM locations, orders WHERE order_id = :order_id AND kind = 'warehouse'
    ORDER BY locations.country <> orders.country, priority, location_id LIMIT 1
""")
NO_UNITS = [kind for kind, rules in KINDS.items() if not rules.of_units]


def lock_return(session: Session, return_id: str) -> ReturnRow:
    """Return the case, locked after its order: whoever books money locks the order before its cases too."""
    of_case = select(ReturnRow.order_id).where(ReturnRow.return_id == return_id).scalar_subquery()
    session.execute(select(OrderRow.order_id).where(OrderRow.order_id == of_case).with_for_update(key_share=True))
    return session.scalars(select(ReturnRow).where(ReturnRow.return_id == return_id).with_for_update()).one()


def advance_return(
    session: Session, row: ReturnRow, to: ReturnStatus, reason: str, actor: str = journal.SYSTEM
) -> bool:
    """Set the case's status and log it with the order; False when it has it already. Raises NotAllowed."""
    if row.status == to:
        return False
    row.status = advance(RETURN, ReturnStatus(row.status), to)
    data = {"return_id": row.return_id, **({"reason": reason} if reason else {})}
    journal.append_fact(session, row.order_id, f"return.{to}", f"{row.return_id}:{to}", data, actor)
    return True


def request_event(session: Session, partner: str, event_id: str) -> PartnerEventRow:
    where = PartnerEventRow.partner == partner, PartnerEventRow.event_id == event_id
    return session.scalars(select(PartnerEventRow).where(*where)).one()


def ordered_lines(session: Session, order_id: str) -> Sequence[OrderLineRow]:
    return session.scalars(
        select(OrderLineRow).where(OrderLineRow.order_id == order_id).order_by(OrderLineRow.line_no)
    ).all()


def returnable(lines: Sequence[OrderLineRow]) -> dict[int, int]:
    """Return units by line number that may come back: all but those canceled for a shortage, which are repaid
    already."""
    return {line.line_no: units for line in lines if (units := line.quantity - line.canceled)}


def asked(session: Session, return_id: str) -> dict[int, int]:
    """Return the units of the case by line number."""
    rows = session.execute(
        select(ReturnLineRow.line_no, ReturnLineRow.quantity).where(ReturnLineRow.return_id == return_id)
    )
    return {row.line_no: row.quantity for row in rows}


def by_sku(session: Session, row: ReturnRow) -> dict[str, int]:
    """Return the units of the case by stocked SKU: bundles count as their parts."""
    rows = session.execute(
        select(ReturnLineRow.sku, func.sum(ReturnLineRow.quantity))
        .where(ReturnLineRow.return_id == row.return_id)
        .group_by(ReturnLineRow.sku)
    )
    return explode({sku: int(units) for sku, units in rows}, bundles_of(session, row.order_id))


def in_other_cases(session: Session, order_id: str, but: str = "") -> dict[int, int]:
    """Return units by line number in all live or settled cases of the order, without the case `but`."""
    rows = session.execute(
        select(ReturnLineRow.line_no, func.sum(ReturnLineRow.quantity))
        .join(ReturnRow)
        .where(ReturnRow.order_id == order_id, ReturnRow.return_id != but)
        # Units that were paid for count, also when they never came.
        .where(ReturnRow.status.not_in(DEAD) | ReturnRow.value_minor.is_not(None))
        .where(ReturnRow.kind.not_in(NO_UNITS))
        .group_by(ReturnLineRow.line_no)
    )
    return {line_no: int(units) for line_no, units in rows}


def returned_before(session: Session, row: ReturnRow) -> dict[int, int]:
    """Return units by line number that other cases pay back (received, not requested) or that were canceled for a
    shortage."""
    others = session.scalars(
        select(ReturnRow).where(
            ReturnRow.order_id == row.order_id,
            ReturnRow.value_minor.is_not(None),
            ReturnRow.kind.not_in(NO_UNITS),
            ReturnRow.return_id != row.return_id,
        )
    ).all()
    lines = ordered_lines(session, row.order_id)
    before = Counter({line.line_no: line.canceled for line in lines if line.canceled})
    for other in others:
        before.update(returned_units(session, other))
    return dict(before)


def returned_units(session: Session, row: ReturnRow) -> dict[int, int]:
    """Return units by line number that the case pays for: those received, or all that were requested.

    All when the goods never left us or need not come, when the terms paid in advance, and when the money moved to a
    follow-up order.
    """
    ahead = row.paid_ahead or row.moved_minor is not None
    return asked(session, row.return_id) if ahead else received_by_line(session, row)


def received_by_line(session: Session, row: ReturnRow) -> dict[int, int]:
    """Return units by line number that came, at most as many as requested; all of a case whose goods need not come.

    A bundle counts only when it is whole: if a part is missing nothing is paid automatically.
    """
    if row.goods in NEVER_LEFT or not KINDS[carried_out_as(row.kind, row.remedy)].goods_come:
        return asked(session, row.return_id)
    came = received_by_sku(session, row.return_id)
    lines = session.scalars(
        select(ReturnLineRow).where(ReturnLineRow.return_id == row.return_id).order_by(ReturnLineRow.line_no)
    )
    bundles, paid = bundles_of(session, row.order_id), {}
    for line in lines:
        parts = bundles.get(line.sku, {line.sku: 1})
        paid[line.line_no] = min(line.quantity, whole(parts, came))
        came = {sku: units - paid[line.line_no] * parts.get(sku, 0) for sku, units in came.items()}
    return paid


def any_moved(session: Session, order_id: str) -> bool:
    """True if units of the order were exchanged or sent again."""
    moved = select(ReturnRow.return_id).where(ReturnRow.order_id == order_id, ReturnRow.moved_at.is_not(None)).limit(1)
    return session.scalar(moved) is not None


def received_by_sku(session: Session, return_id: str, disposition: str = "") -> dict[str, int]:
    """Return the received units by SKU, of all dispositions or of one."""
    mine = [ReturnedGoodsRow.return_id == return_id]
    if disposition:
        mine.append(ReturnedGoodsRow.disposition == disposition)
    rows = session.execute(
        select(ReturnedGoodsRow.sku, func.sum(ReturnedGoodsRow.quantity)).where(*mine).group_by(ReturnedGoodsRow.sku)
    )
    return {sku: int(units) for sku, units in rows}


def still_out(session: Session, row: ReturnRow) -> dict[str, int]:
    """Return units by SKU that the order shipped, or its channel for it, and that did not come back in other cases."""
    shipped = session.execute(
        select(FulfillmentLineRow.sku, func.sum(func.coalesce(FulfillmentLineRow.picked, FulfillmentLineRow.quantity)))
        .join(FulfillmentOrderRow)
        .where(FulfillmentOrderRow.order_id == row.order_id, FulfillmentOrderRow.shipped_at.is_not(None))
        .group_by(FulfillmentLineRow.sku)
    )
    out = Counter({sku: int(units) for sku, units in shipped})
    elsewhere = Counter[str]()
    for line in ordered_lines(session, row.order_id):
        elsewhere[line.sku] += line.elsewhere
    if elsewhere.total():
        out.update(explode(elsewhere, bundles_of(session, row.order_id)))
    came = session.execute(
        select(ReturnedGoodsRow.sku, func.sum(ReturnedGoodsRow.quantity))
        .join(ReturnRow)
        .where(ReturnRow.order_id == row.order_id, ReturnRow.return_id != row.return_id)
        .group_by(ReturnedGoodsRow.sku)
    )
    out.subtract({sku: int(units) for sku, units in came})
    return {sku: units for sku, units in out.items() if units > 0}


def goes_back_to(session: Session, order_id: str) -> str | None:
    """Return the location that shipped the order's first parcel. What the channel shipped goes to a warehouse of the
    customer's country, the one that is asked first."""
    first = (
        select(FulfillmentOrderRow.location_id)
        .where(FulfillmentOrderRow.order_id == order_id, FulfillmentOrderRow.shipped_at.is_not(None))
        .order_by(FulfillmentOrderRow.number)
        .limit(1)
    )
    return session.scalar(first) or session.scalar(_ANY_WAREHOUSE, {"order_id": order_id})


def shipped_at(session: Session, order_id: str) -> datetime | None:
    """Return when the first parcel left, from here or from the channel."""
    ours = select(func.min(FulfillmentOrderRow.shipped_at)).where(FulfillmentOrderRow.order_id == order_id)
    theirs = select(func.min(ParcelElsewhereRow.shipped_at)).where(ParcelElsewhereRow.order_id == order_id)
    return session.scalar(select(func.least(ours.scalar_subquery(), theirs.scalar_subquery())))


def delivered_at(session: Session, order: OrderRow) -> datetime | None:
    """Return when the last parcel was delivered; for the channel's own parcels without a date, when it must have been
    (domain/elsewhere.py)."""
    where = FulfillmentOrderRow.order_id == order.order_id
    theirs = session.scalars(select(ParcelElsewhereRow).where(ParcelElsewhereRow.order_id == order.order_id)).all()
    moments = [taken_as_delivered(one.shipped_at, one.delivered_at) for one in theirs if one.shipped_at]
    ours = session.scalar(select(func.max(FulfillmentOrderRow.delivered_at)).where(where))
    return max([*moments, *([ours] if ours else [])], default=None)
