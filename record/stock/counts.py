"""Stock counts by people: the difference to the record is booked, once per count."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from domain.stock.movements import Movement, OutOfStock
from models.goods import StockCountRow
from models.locks import NamedLock, lock_named
from models.stock import StockRow
from record.stock import ledger
from record.stock.checks import check_goods, check_location
from record.stock.mistakes import IdUsedBefore, Mistake


@dataclass(frozen=True, slots=True)
class Count:
    """`units` by SKU found at a location, promised or not. SKUs that were not counted are absent."""

    count_id: str
    location_id: str
    units: Mapping[str, int]
    reason: str
    counted_by: str


def book_count(session: Session, count: Count) -> dict[str, int]:
    """Post the differences as `adjusted` and return them by SKU; a repeated count returns those of the first time.

    Raises Mistake for unknown goods or places and for a count below what is promised, and IdUsedBefore.
    """
    # Two counts with one id wait here, so that the second finds the first.
    lock_named(session, NamedLock.STOCK_COUNT, count.count_id)
    units = dict(count.units)
    if known := session.get(StockCountRow, count.count_id):
        if (known.location_id, known.lines, known.reason) != (count.location_id, units, count.reason):
            raise IdUsedBefore
        return dict(known.differences)
    check_location(session, "location_id", count.location_id)
    check_goods(session, count.units)
    differences = _differences(session, count)
    moved = [Movement("adjusted", sku, count.location_id, units) for sku, units in differences.items()]
    try:
        ledger.post(session, moved, None, f"count {count.count_id}: {count.reason}", count.counted_by)
    except OutOfStock as short:
        raise Mistake("lines", f"fewer than are promised to orders, quarantined or kept back: {short}") from None
    session.add(
        StockCountRow(
            count_id=count.count_id,
            location_id=count.location_id,
            reason=count.reason,
            counted_by=count.counted_by,
            lines=units,
            differences=differences,
        )
    )
    session.flush()
    return differences


def _differences(session: Session, count: Count) -> dict[str, int]:
    """Return the differences that are not 0, by SKU. The rows stay locked, in the lock order of every claim."""
    found = [{"sku": sku, "location_id": count.location_id} for sku, units in sorted(count.units.items()) if units]
    if found:
        session.execute(insert(StockRow).on_conflict_do_nothing(), found)
    rows = select(StockRow.sku, StockRow.on_hand).where(
        StockRow.location_id == count.location_id, StockRow.sku.in_(count.units)
    )
    locked = session.execute(rows.order_by(StockRow.sku).with_for_update(key_share=True))
    on_hand = {row.sku: row.on_hand for row in locked}
    return {sku: off for sku, units in count.units.items() if (off := units - on_hand.get(sku, 0))}
