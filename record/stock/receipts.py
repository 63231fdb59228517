"""Goods receipts: booked once, taken off their purchase order, and the orders that they wake."""

from collections import Counter
from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.stock.movements import Movement
from models.arrivals import GoodsReceiptRow
from models.database import Sessions
from models.messaging import PartnerEventRow
from record.recordset import insert_all
from record.stock import exceptions, ledger, purchases, queue
from record.stock.queue import CarryResult


def receive_goods(sessions: Sessions, partner: str, event_id: str) -> CarryResult:
    """Book a stored receipt, each SKU once, and wake the orders that available stock can now serve.

    Unknown goods, and all goods of an unknown location, are an exception until they are known; the rest is booked.
    Damaged units are quarantined. Units beyond the purchase order are booked and noted as an exception.
    """
    with sessions.begin() as session:
        event = session.get_one(PartnerEventRow, (partner, event_id), with_for_update=True)
        skus = {line["sku"] for line in event.data["lines"]}
        done = event.applied_at is not None
        if not done:
            ours = exceptions.known_goods(session, event, event.data["location_id"], skus)
            _book(session, event, ours)
            if done := ours == skus:
                exceptions.mark_applied(session, event)
        woken = [*queue.servable_orders(session, skus), *queue.update_promises(session, skus)]
        return CarryResult(done, queue.channel_orders(session, woken))


def _book(session: Session, event: PartnerEventRow, ours: Iterable[str]) -> None:
    receipt, location = event.data["receipt_id"], event.data["location_id"]
    known = session.scalars(select(GoodsReceiptRow.sku).where(GoodsReceiptRow.receipt_id == receipt))
    units, damaged = Counter[str](), Counter[str]()
    for line in event.data["lines"]:
        units[line["sku"]] += line["quantity"]
        damaged[line["sku"]] += line.get("damaged", 0)
    new = sorted(set(ours) - set(known))
    number = event.data.get("purchase_order_id")
    rows = [
        {"receipt_id": receipt, "sku": sku, "purchase_order_id": number, "location_id": location}
        | {"quantity": units[sku], "damaged": damaged[sku]}
        for sku in new
    ]
    insert_all(session, GoodsReceiptRow, rows)
    movements = [Movement("received", sku, location, units[sku]) for sku in new if units[sku]]
    movements += [Movement("quarantined", sku, location, damaged[sku]) for sku in new if damaged[sku]]
    if number and new:
        movements += _take_off(session, event, number)
    ledger.post(session, movements, None, f"receipt {receipt}")


def _take_off(session: Session, event: PartnerEventRow, number: str) -> list[Movement]:
    """Return the movements out of transit. A purchase order that has not come yet finds its receipts when it does."""
    row = purchases.lock(session, number)
    if row is None:
        return []
    before = purchases.in_transit(session, row)
    beyond = purchases.settle(session, row, purchases.lines_of(session, number))
    if beyond:
        detail = ", ".join(f"{units} {sku}" for sku, units in sorted(beyond.items()))
        exceptions.note(session, event, exceptions.MORE_THAN_ORDERED, f"{number}: {detail}", resolved=True)
    return purchases.moved(before, purchases.in_transit(session, row), "arrived")
