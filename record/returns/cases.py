"""Reading and moving return cases in the record."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from domain.bundles import explode, whole
from domain.returns.kinds import KINDS, carried_out_as
from domain.status import RETURN, ReturnStatus, advance
from models.fulfillment import FulfillmentLineRow, FulfillmentOrderRow
from models.messaging import PartnerEventRow
from models.order import OrderLineRow, OrderRow
from models.returns import ReturnedGoodsRow, ReturnLineRow, ReturnRow
from record import journal
from record.stock.demand import bundles_of

DEAD = (ReturnStatus.REJECTED, ReturnStatus.CANCELED, ReturnStatus.EXPIRED)
DELIVERED, NEVER_LEFT = "delivered", ("recalled", "intercepted")
NO_UNITS = [kind for kind, rules in KINDS.items() if not rules.of_units]


def lock_return(session: Session, return_id: str) -> ReturnRow:
    return session.scalars(select(ReturnRow).where(ReturnRow.return_id == return_id).with_for_update()).one()


def advance_return(
    session: Session, row: ReturnRow, to: ReturnStatus, reason: str, actor: str = journal.SYSTEM
) -> bool:
    """Move the case along its axis and say so in the order's log; False when it is there already."""
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
    """Units by line number that may come back: those that were canceled because they were short are paid back."""
    return {line.line_no: units for line in lines if (units := line.quantity - line.canceled)}


def asked(session: Session, return_id: str) -> dict[int, int]:
    """Units of the case by line number."""
    rows = session.execute(
        select(ReturnLineRow.line_no, ReturnLineRow.quantity).where(ReturnLineRow.return_id == return_id)
    )
    return {row.line_no: row.quantity for row in rows}


def by_sku(session: Session, row: ReturnRow) -> dict[str, int]:
    """Units of the case by SKU as they lie in stock: of a bundle its parts come back."""
    rows = session.execute(
        select(ReturnLineRow.sku, func.sum(ReturnLineRow.quantity))
        .where(ReturnLineRow.return_id == row.return_id)
        .group_by(ReturnLineRow.sku)
    )
    return explode({sku: int(units) for sku, units in rows}, bundles_of(session, row.order_id))


def in_other_cases(session: Session, order_id: str, but: str = "") -> dict[int, int]:
    """Units by line number in all cases of the order that live or were settled, without the case `but`."""
    rows = session.execute(
        select(ReturnLineRow.line_no, func.sum(ReturnLineRow.quantity))
        .join(ReturnRow)
        .where(ReturnRow.order_id == order_id, ReturnRow.return_id != but)
        # What was paid for is taken, also when it never came.
        .where(ReturnRow.status.not_in(DEAD) | ReturnRow.value_minor.is_not(None))
        .where(ReturnRow.kind.not_in(NO_UNITS))
        .group_by(ReturnLineRow.line_no)
    )
    return {line_no: int(units) for line_no, units in rows}


def returned_before(session: Session, row: ReturnRow) -> dict[int, int]:
    """Units by line number that are paid back by other cases of the order (what came, not what was asked), or were
    canceled because they were short."""
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
    """Units by line number that the case pays for: as many as came; all when they never left us or need not come.

    So it is also when the terms paid before anything came, and when the money went to a follow-up order.
    """
    ahead = row.paid_ahead or row.moved_minor is not None
    return asked(session, row.return_id) if ahead else came_of_lines(session, row)


def came_of_lines(session: Session, row: ReturnRow) -> dict[int, int]:
    """Units by line number that came, no more than were asked; all of a case whose goods need not come.

    A bundle counts when it is whole: of one that came without a part nothing is paid by itself.
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
    """Whether units of the order were exchanged or sent again."""
    moved = select(ReturnRow.return_id).where(ReturnRow.order_id == order_id, ReturnRow.moved_at.is_not(None)).limit(1)
    return session.scalar(moved) is not None


def received_by_sku(session: Session, return_id: str, disposition: str = "") -> dict[str, int]:
    """Units that came, by SKU; only those of one disposition if it is named."""
    mine = [ReturnedGoodsRow.return_id == return_id]
    if disposition:
        mine.append(ReturnedGoodsRow.disposition == disposition)
    rows = session.execute(
        select(ReturnedGoodsRow.sku, func.sum(ReturnedGoodsRow.quantity)).where(*mine).group_by(ReturnedGoodsRow.sku)
    )
    return {sku: int(units) for sku, units in rows}


def still_out(session: Session, row: ReturnRow) -> dict[str, int]:
    """Units by SKU that the order sent and that did not come back in other cases."""
    shipped = session.execute(
        select(FulfillmentLineRow.sku, func.sum(func.coalesce(FulfillmentLineRow.picked, FulfillmentLineRow.quantity)))
        .join(FulfillmentOrderRow)
        .where(FulfillmentOrderRow.order_id == row.order_id, FulfillmentOrderRow.shipped_at.is_not(None))
        .group_by(FulfillmentLineRow.sku)
    )
    out = Counter({sku: int(units) for sku, units in shipped})
    came = session.execute(
        select(ReturnedGoodsRow.sku, func.sum(ReturnedGoodsRow.quantity))
        .join(ReturnRow)
        .where(ReturnRow.order_id == row.order_id, ReturnRow.return_id != row.return_id)
        .group_by(ReturnedGoodsRow.sku)
    )
    out.subtract({sku: int(units) for sku, units in came})
    return {sku: units for sku, units in out.items() if units > 0}


def shipped_from(session: Session, order_id: str) -> str | None:
    """The location that shipped the order's first parcel: its goods go back there."""
    return session.scalar(
        select(FulfillmentOrderRow.location_id)
        .where(FulfillmentOrderRow.order_id == order_id, FulfillmentOrderRow.shipped_at.is_not(None))
        .order_by(FulfillmentOrderRow.number)
        .limit(1)
    )


def shipped_at(session: Session, order_id: str) -> datetime | None:
    """When the first parcel left."""
    where = FulfillmentOrderRow.order_id == order_id
    return session.scalar(select(func.min(FulfillmentOrderRow.shipped_at)).where(where))


def delivered_at(session: Session, order: OrderRow) -> datetime | None:
    """When the last parcel was delivered."""
    where = FulfillmentOrderRow.order_id == order.order_id
    return session.scalar(select(func.max(FulfillmentOrderRow.delivered_at)).where(where))
