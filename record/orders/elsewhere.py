"""Record what a channel says it shipped itself, and take those units out of the order before they are sent twice."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from domain.bundles import explode, whole
from domain.elsewhere import (
    SHIPPED_ELSEWHERE,
    TAKEN_BACK,
    OwnShipments,
    ParcelElsewhere,
    in_recorded_lines,
    keep_taken,
    not_ours,
    resolve,
    units_by_line,
    waybill_key,
)
from domain.order import Order
from domain.progress import OrderedLine, share_out
from domain.status import ORDER, UNDONE, OrderStatus, is_final
from models.fulfillment import FulfillmentLineRow, FulfillmentOrderRow, ShipmentRow
from models.order import OrderLineRow, OrderRow, ParcelElsewhereRow
from models.uploads import ChannelUploadRow
from record import journal
from record.channels.events import shipped_elsewhere
from record.messages.partner_events import NewEvent
from record.orders import gifts
from record.orders.alerts import call_a_person
from record.orders.rows import parcel_row
from record.sourcing.needs import outstanding
from record.stock.demand import bundles_of

P, W = ParcelElsewhereRow, FulfillmentOrderRow


def take_statement(
    session: Session,
    row: OrderRow,
    sent: Order,
    parcels: Sequence[ParcelElsewhere],
    version: str,
    *,
    canceled: bool = False,
) -> list[NewEvent]:
    """Record the parcels that the channel now names, without our own that it only repeats, and take their units out of
    the order as far as no work covers them. Return the events for the order's workflow. `row` is locked.

    Units that were taken out stay so, whatever it names: also those of an order that the channel has `canceled` before
    anything left. The newest statement counts. An older one, or the same again, changes nothing.
    """
    known = {one.key: one for one in session.scalars(select(P).where(P.order_id == row.order_id))}
    if version < row.channel_version or not (parcels or known):
        return []
    if canceled and not parcels and not any(one.shipped_at for one in known.values()):
        return []
    lines = lines_of(session, row.order_id)
    own = _own(session, row.order_id, parcels)
    stated = resolve(parcels, {line.line_no: line.quantity for line in sent.lines}, own.waybills)
    stated = in_recorded_lines(stated, sent.lines, {line.line_no: line.channel_line_id for line in lines})
    vague = {one.key for one in parcels if not one.lines}
    found = {one.key: one for one in not_ours(stated, own, vague)}
    before = _units(known.values())
    if fewer := Counter({line.line_no: line.elsewhere for line in lines}) - units_by_line(found.values()):
        # Units that were taken out are not sent again by a word: a person must know what became of them.
        reason = f"the channel no longer says that it shipped {_named(lines, fewer)}"
        call_a_person(session, row, TAKEN_BACK, reason, about(fewer))
        found = keep_taken(found, [_stated(one) for one in known.values()], fewer)
    after = units_by_line(found.values())
    late, waited = _left(found.values()) - _left(known.values()), _waits(known.values())
    if not _store(session, row, known, found):
        return []
    taken = take_out(session, row, lines)
    if is_final(ORDER, OrderStatus(row.status)):
        if late:
            call_a_person(session, row, SHIPPED_ELSEWHERE, too_late(row, lines, late), about(late))
        # What left a store of ours leaves its stock, also after the end.
        at_home = row.status == OrderStatus.COMPLETED and any(one.location_id for one in found.values())
        return [shipped_elsewhere(row.channel, row.channel_order_id, version)] if at_home else []
    if not taken and after == before and waited == _waits(found.values()):
        return []
    return [shipped_elsewhere(row.channel, row.channel_order_id, version)]


def take_out(session: Session, row: OrderRow, lines: Sequence[OrderLineRow]) -> int:
    """Count units in recorded parcels as fulfilled elsewhere, as far as no fulfillment order covers them. Return how
    many were counted now. `row` is locked, so that no allocation takes them meanwhile."""
    if row.status in UNDONE or row.status == OrderStatus.COMPLETED:
        return 0
    missing = pending(session, row.order_id, lines)
    if not missing:
        return 0
    here, bundles, taken = Counter(outstanding(session, row.order_id)), bundles_of(session, row.order_id), 0
    for line in lines:
        parts = bundles.get(line.sku, {line.sku: 1})
        if units := min(missing[line.line_no], whole(parts, here), line.to_send):
            line.elsewhere += units
            taken += units
            here.subtract(explode({line.sku: units}, bundles))
    if taken:
        session.flush()
        gifts.drop_when_alone(session, row.order_id)
        _count_change(row)
        total = sum(line.elsewhere for line in lines)
        data = {"units": taken, "in_all": total}
        journal.append_fact(session, row.order_id, "order.fulfilled_elsewhere", f"elsewhere:{total}", data, row.channel)
    return taken


def pending(session: Session, order_id: str, lines: Sequence[OrderLineRow]) -> Counter[int]:
    """Return units by line number that are in parcels of the channel, and not taken out of the order yet."""
    stated = _units(session.execute(select(P.lines).where(P.order_id == order_id)))
    return Counter(
        {
            line.line_no: units
            for line in lines
            if (units := min(stated[line.line_no], line.quantity - line.withdrawn) - line.elsewhere) > 0
        }
    )


def too_late(row: OrderRow, lines: Sequence[OrderLineRow], units: Counter[int]) -> str:
    """Say why a person must look at units that the channel shipped when the order had ended or work was given out."""
    what = f"the channel says that it shipped {_named(lines, units)} itself"
    return f"{what}, and the order is {row.status}: they may be sent twice" if row.ended_at else what


def about(units: Counter[int]) -> str:
    """Tell alerts about some units of an order from those about others."""
    return ",".join(f"{line_no}x{number}" for line_no, number in sorted(units.items()))


def _named(lines: Sequence[OrderLineRow], units: Counter[int]) -> str:
    skus = {line.line_no: line.sku for line in lines}
    return ", ".join(f"{number} {skus[line_no]}" for line_no, number in sorted(units.items()))


def has_parcels(session: Session, order_id: str) -> bool:
    """True if the channel says that it shipped anything of the order itself."""
    return session.scalar(select(P.key).where(P.order_id == order_id).limit(1)) is not None


def has_left(session: Session, order_id: str) -> bool:
    """True if the channel says that any of it has left."""
    return session.scalar(select(P.key).where(P.order_id == order_id, P.shipped_at.is_not(None)).limit(1)) is not None


def not_left(session: Session, order_ids: Collection[str]) -> Mapping[str, int]:
    """Return how many units the channel fulfills itself that have not left yet, of orders that have any."""
    if not order_ids:
        return {}
    rows = session.execute(select(P.order_id, P.lines).where(P.order_id.in_(sorted(order_ids)), P.shipped_at.is_(None)))
    units = Counter[str]()
    for row in rows:
        units[row.order_id] += sum(number for _, number in row.lines)
    return units


def any_elsewhere(session: Session, order_id: str) -> bool:
    """True if the channel has shipped a part of the order, which therefore does not end as canceled."""
    gone = select(OrderLineRow.line_no).where(OrderLineRow.order_id == order_id, OrderLineRow.elsewhere > 0)
    return session.scalar(gone.limit(1)) is not None


def lines_of(session: Session, order_id: str) -> list[OrderLineRow]:
    """Return the order's lines, by number, as they are now."""
    wanted = select(OrderLineRow).where(OrderLineRow.order_id == order_id).order_by(OrderLineRow.line_no)
    return list(session.scalars(wanted, execution_options={"populate_existing": True}))


def _stated(row: ParcelElsewhereRow) -> ParcelElsewhere:
    lines = tuple((line_no, units) for line_no, units in row.lines)
    return ParcelElsewhere(row.key, row.carrier, row.waybill, row.shipped_at, row.delivered_at, lines)


def _waits(parcels: Iterable[ParcelElsewhereRow] | Iterable[ParcelElsewhere]) -> bool:
    return any(one.shipped_at is None for one in parcels)


def _left(parcels: Iterable[ParcelElsewhereRow] | Iterable[ParcelElsewhere]) -> Counter[int]:
    return _units(one for one in parcels if one.shipped_at)


def _units(rows: Any) -> Counter[int]:
    units = Counter[int]()
    for row in rows:
        units.update(dict(row.lines))
    return units


def _store(
    session: Session, row: OrderRow, known: dict[str, ParcelElsewhereRow], found: dict[str, ParcelElsewhere]
) -> bool:
    """Write the parcels as they are stated now. False if all of them were known so."""
    same = {key: (one.carrier, one.waybill, one.shipped_at, one.delivered_at) for key, one in known.items()}
    changed = {
        key: one
        for key, one in found.items()
        if same.get(key) != (one.carrier, one.waybill, one.shipped_at, one.delivered_at)
        or [list(line) for line in one.lines] != known[key].lines
    }
    gone = known.keys() - found.keys()
    if gone:
        session.execute(delete(P).where(P.order_id == row.order_id, P.key.in_(gone)))
    for one in changed.values():
        values = parcel_row(row.order_id, one) | {"shipped_at": one.shipped_at, "delivered_at": one.delivered_at}
        session.execute(insert(P).values(values).on_conflict_do_update(index_elements=["order_id", "key"], set_=values))
    return bool(changed or gone)


def _own(session: Session, order_id: str, stated: Sequence[ParcelElsewhere]) -> OwnShipments:
    """Return which of these waybills are ours, of this order or another, and what has left us of the order."""
    named = {one.waybill for one in stated if one.waybill}
    written = sorted(named | {waybill_key(one) for one in named})
    ours = list(session.scalars(select(ShipmentRow.waybill).where(ShipmentRow.waybill.in_(written)))) if named else []
    of_order = select(ShipmentRow.waybill).join(W, W.shipment_id == ShipmentRow.shipment_id)
    ours += session.scalars(of_order.where(W.order_id == order_id))
    ours += session.scalars(select(ChannelUploadRow.waybill).where(ChannelUploadRow.order_id == order_id))
    return OwnShipments(frozenset(waybill_key(one) for one in ours if one), _left_us(session, order_id))


def _left_us(session: Session, order_id: str) -> dict[int, int]:
    """Return units by line number in parcels of ours that have left, also those that came back."""
    units = func.sum(func.coalesce(FulfillmentLineRow.picked, FulfillmentLineRow.quantity))
    gone = select(FulfillmentLineRow.sku, units).join(W).where(W.order_id == order_id, W.shipped_at.is_not(None))
    by_sku = Counter({sku: int(count) for sku, count in session.execute(gone.group_by(FulfillmentLineRow.sku))})
    if not by_sku:
        return {}
    lines = lines_of(session, order_id)
    ordered = [OrderedLine(line.line_no, line.sku, line.quantity) for line in lines]
    most = {line.line_no: line.quantity - line.elsewhere for line in lines}
    return share_out(ordered, by_sku, bundles_of(session, order_id), most)


def _count_change(row: OrderRow) -> None:
    """As a change by one of our steps: it needs no new audit, unless one judges the order just now."""
    if row.judged_version == row.version:
        row.judged_version += 1
    row.version += 1
