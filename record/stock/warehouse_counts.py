"""Snapshots and deltas of warehouses: differences become movements with a reason."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from domain.arrivals import MovedSinceCount, difference
from domain.status import FulfillmentStatus
from domain.stock.movements import EFFECT, Movement
from models.arrivals import StockDifferenceRow, WarehouseCountRow
from models.database import Sessions
from models.fulfillment import FulfillmentLineRow, FulfillmentOrderRow
from models.messaging import PartnerEventRow
from models.stock import StockMovementRow, StockRow
from record.recordset import insert_all
from record.stock import exceptions, ledger, queue
from record.stock.queue import CarryResult

SNAPSHOT, DELTA = "snapshot", "delta"
ON_HAND = [kind for kind, effect in EFFECT.items() if "on_hand" in effect]


def apply_count(sessions: Sessions, partner: str, event_id: str, alert_above: int) -> CarryResult:
    """Adjust stock to a stored snapshot or delta, once, and wake the orders that it can serve.

    A difference of more than `alert_above` units raises an alert, and so does one that cannot be booked in full. One
    older than a snapshot we have is stored as late and changes nothing.
    """
    with sessions.begin() as session:
        event = session.get_one(PartnerEventRow, (partner, event_id), with_for_update=True)
        skus = {line["sku"] for line in event.data["lines"]}
        if event.applied_at is None:
            if exceptions.known_goods(session, event, event.data["location_id"], skus) != skus:
                return CarryResult(False)
            if _keep(session, event):
                _reconcile(session, event, alert_above)
            exceptions.mark_applied(session, event)
        return CarryResult(True, queue.channel_orders(session, queue.servable_orders(session, skus)))


def booked_since(session: Session, location: str, taken_at: datetime, skus: list[str]) -> dict[str, MovedSinceCount]:
    """Return units booked after the count was taken, and units that are packed and may have left, by SKU."""
    added, removed = Counter[str](), Counter[str]()
    movements = select(StockMovementRow.sku, StockMovementRow.kind, StockMovementRow.quantity).where(
        StockMovementRow.location_id == location,
        StockMovementRow.sku.in_(skus),
        StockMovementRow.at > taken_at,
        StockMovementRow.kind.in_(ON_HAND),
    )
    for sku, kind, quantity in session.execute(movements):
        units = EFFECT[kind]["on_hand"] * quantity
        added[sku] += max(0, units)
        removed[sku] += max(0, -units)
    packed = (
        select(FulfillmentLineRow.sku, func.sum(FulfillmentLineRow.allocated))
        .join(FulfillmentOrderRow)
        .where(FulfillmentOrderRow.location_id == location, FulfillmentOrderRow.status == FulfillmentStatus.PACKED)
        .where(FulfillmentLineRow.sku.in_(skus))
        .group_by(FulfillmentLineRow.sku)
    )
    leaving = {sku: int(units) for sku, units in session.execute(packed)}
    return {sku: MovedSinceCount(added[sku], removed[sku], leaving.get(sku, 0)) for sku in skus}


def _keep(session: Session, event: PartnerEventRow) -> bool:
    """Store the count. True if it is new and there is no newer snapshot of the location."""
    kind, location, taken_at = _kind(event), event.data["location_id"], _taken_at(event)
    newer = select(WarehouseCountRow.count_id).where(
        WarehouseCountRow.location_id == location,
        WarehouseCountRow.kind == SNAPSHOT,
        WarehouseCountRow.taken_at > taken_at,
    )
    late = session.scalar(newer.limit(1)) is not None
    row = insert(WarehouseCountRow).values(
        count_id=_count_id(event), kind=kind, location_id=location, taken_at=taken_at, late=late
    )
    new = session.execute(row.on_conflict_do_nothing().returning(WarehouseCountRow.count_id)).scalar()
    return new is not None and not late


def _reconcile(session: Session, event: PartnerEventRow, alert_above: int) -> None:
    location, count_id, kind = event.data["location_id"], _count_id(event), _kind(event)
    stock = _lock(session, location, {line["sku"] for line in event.data["lines"]})
    found = _counted(session, event, stock) if kind == SNAPSHOT else _reported(event)
    adjusted = {sku: max(units, -_free(stock.get(sku))) for sku, (units, _) in found.items()}
    rows = [
        {"count_id": count_id, "kind": kind, "sku": sku, "location_id": location, "difference": units}
        | {"adjusted": adjusted[sku], "reason": reason}
        | {"alert": abs(units) > alert_above or adjusted[sku] != units}
        for sku, (units, reason) in sorted(found.items())
        if units
    ]
    insert_all(session, StockDifferenceRow, rows)
    for row in rows:
        if row["adjusted"]:
            movement = Movement("adjusted", row["sku"], location, row["adjusted"])
            ledger.post(session, [movement], None, f"{kind} {count_id}: {row['reason']}"[:500])


def _counted(session: Session, event: PartnerEventRow, stock: Mapping[str, StockRow]) -> dict[str, tuple[int, str]]:
    """Return the difference and its reason by SKU of a snapshot."""
    counted: Counter[str] = Counter()
    for line in event.data["lines"]:
        counted[line["sku"]] += line["quantity"]
    since = booked_since(session, event.data["location_id"], _taken_at(event), list(counted))
    found = {}
    for sku, units in counted.items():
        row = stock.get(sku)
        on_hand = row.on_hand if row else 0
        found[sku] = difference(units, on_hand, since[sku]), f"{units} counted, {on_hand} in the books"
    return found


def _reported(event: PartnerEventRow) -> dict[str, tuple[int, str]]:
    """Return the units and reasons by SKU of a delta."""
    units, reasons = Counter[str](), dict[str, list[str]]()
    for line in event.data["lines"]:
        units[line["sku"]] += line["quantity"]
        reasons.setdefault(line["sku"], []).append(line["reason"])
    return {sku: (units[sku], "; ".join(dict.fromkeys(reasons[sku]))) for sku in units}


def _lock(session: Session, location: str, skus: set[str]) -> dict[str, StockRow]:
    """Lock the stock rows in the order of every claim; missing rows are inserted first."""
    missing = [{"sku": sku, "location_id": location} for sku in sorted(skus)]
    session.execute(insert(StockRow).on_conflict_do_nothing(), missing)
    rows = (
        select(StockRow)
        .where(StockRow.location_id == location, StockRow.sku.in_(skus))
        .order_by(StockRow.sku)
        .with_for_update(key_share=True)
    )
    return {row.sku: row for row in session.scalars(rows)}


def _free(row: StockRow | None) -> int:
    """Return units that can be written off without breaking a promise."""
    return row.available if row else 0


def _kind(event: PartnerEventRow) -> str:
    return SNAPSHOT if event.type == "stock.snapshot" else DELTA


def _count_id(event: PartnerEventRow) -> str:
    return str(event.data["snapshot_id" if _kind(event) == SNAPSHOT else "delta_id"])


def _taken_at(event: PartnerEventRow) -> datetime:
    return datetime.fromisoformat(event.data["taken_at" if _kind(event) == SNAPSHOT else "occurred_at"])
