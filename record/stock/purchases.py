"""Purchase orders of the ERP: units in transit, less what receipts brought."""

from collections import Counter
from collections.abc import Mapping
from datetime import date

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from domain.arrivals import Due, received_by_line
from domain.stock.movements import Movement, Place
from models.arrivals import GoodsReceiptRow, PurchaseLineRow, PurchaseOrderRow
from models.database import Sessions
from models.messaging import PartnerEventRow
from record.recordset import insert_all
from record.stock import exceptions, ledger, queue
from record.stock.queue import CarryResult

CANCELED = "purchase_order.canceled"


def apply_purchase_order(sessions: Sessions, partner: str, event_id: str) -> CarryResult:
    """Apply a stored event about a purchase order, unless a higher revision came before.

    Its goods count as in transit, and orders that wait for them get a promised day. An event with unknown goods or an
    unknown location changes nothing and is an exception until they are known.
    """
    with sessions.begin() as session:
        event = session.get_one(PartnerEventRow, (partner, event_id), with_for_update=True)
        if event.applied_at is not None:
            return CarryResult(True, queue.channel_orders(session, queue.promised_orders(session, _skus(event))))
        ordered = _ordered(event)
        if event.type != CANCELED:
            skus = {sku for sku, _ in ordered}
            if exceptions.known_goods(session, event, event.data["location_id"], skus) != skus:
                return CarryResult(False)
        changed = _revise(session, event, ordered)
        exceptions.mark_applied(session, event)
        return CarryResult(True, queue.channel_orders(session, queue.update_promises(session, changed)))


def lock(session: Session, purchase_order_id: str) -> PurchaseOrderRow | None:
    return session.get(PurchaseOrderRow, purchase_order_id, with_for_update=True)


def in_transit(session: Session, row: PurchaseOrderRow) -> Counter[Place]:
    """Return units of the purchase order that are still to come, by place."""
    if row.location_id is None or row.status == "canceled":
        return Counter()
    units = func.sum(PurchaseLineRow.quantity - PurchaseLineRow.received)
    lines = select(PurchaseLineRow.sku, units).where(PurchaseLineRow.purchase_order_id == row.purchase_order_id)
    return Counter(
        {(sku, row.location_id): int(rest) for sku, rest in session.execute(lines.group_by(PurchaseLineRow.sku))}
    )


def settle(session: Session, row: PurchaseOrderRow, ordered: Mapping[Due, int]) -> dict[str, int]:
    """Rewrite the lines with the units received. Return units by SKU received beyond what was ordered."""
    receipts = _received(session, row.purchase_order_id)
    received = received_by_line(ordered, receipts)
    session.execute(delete(PurchaseLineRow).where(PurchaseLineRow.purchase_order_id == row.purchase_order_id))
    lines = [
        {
            "purchase_order_id": row.purchase_order_id,
            "sku": sku,
            "due_on": due_on,
            "quantity": units,
            "received": received[sku, due_on],
        }
        for (sku, due_on), units in ordered.items()
    ]
    insert_all(session, PurchaseLineRow, lines)
    if row.status != "canceled":
        row.status = "open" if received != dict(ordered) else "received"
    session.flush()
    on_lines: Counter[str] = Counter()
    for (sku, _), units in received.items():
        on_lines[sku] += units
    return dict(receipts - on_lines)


def lines_of(session: Session, purchase_order_id: str) -> dict[Due, int]:
    rows = session.scalars(select(PurchaseLineRow).where(PurchaseLineRow.purchase_order_id == purchase_order_id))
    return {(row.sku, row.due_on): row.quantity for row in rows}


def moved(before: Counter[Place], after: Counter[Place], less: str) -> list[Movement]:
    """Return the movements from one state of transit to the next; `less` is the kind of those that reduce it."""
    more = [Movement("expected", sku, location, units) for (sku, location), units in (after - before).items()]
    return more + [Movement(less, sku, location, units) for (sku, location), units in (before - after).items()]


def _revise(session: Session, event: PartnerEventRow, ordered: dict[Due, int]) -> set[str]:
    """Apply the revision. Return the SKUs whose transit it may have changed."""
    number, revision = event.data["purchase_order_id"], event.data["revision"]
    # Inserted first, so that of two events about a new order the second waits here for the first.
    new = insert(PurchaseOrderRow).values(purchase_order_id=number, status="open", revision=-1)
    session.execute(new.on_conflict_do_nothing())
    row = session.get_one(PurchaseOrderRow, number, with_for_update=True, populate_existing=True)
    if row.revision >= revision:
        return set()
    before = in_transit(session, row)
    row.revision, row.changed_at = revision, func.now()
    row.status = "canceled" if event.type == CANCELED else "open"
    row.location_id = event.data.get("location_id") or row.location_id
    settle(session, row, lines_of(session, number) if event.type == CANCELED else ordered)
    movements = moved(before, in_transit(session, row), "called_off")
    ledger.post(session, movements, None, f"purchase order {number} revision {revision}")
    return {movement.sku for movement in movements} | set(_skus(event))


def _ordered(event: PartnerEventRow) -> dict[Due, int]:
    units: Counter[Due] = Counter()
    for line in event.data.get("lines", ()):
        units[line["sku"], date.fromisoformat(line["due_on"])] += line["quantity"]
    return dict(units)


def _skus(event: PartnerEventRow) -> list[str]:
    return sorted({line["sku"] for line in event.data.get("lines", ())})


def _received(session: Session, purchase_order_id: str) -> Counter[str]:
    units = func.sum(GoodsReceiptRow.quantity)
    of_order = GoodsReceiptRow.purchase_order_id == purchase_order_id
    rows = session.execute(select(GoodsReceiptRow.sku, units).where(of_order).group_by(GoodsReceiptRow.sku))
    return Counter({sku: int(came) for sku, came in rows})
