"""Goods that arrive: booked in once, taken off their purchase order, and who is woken by them."""

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
    """Book a stored receipt in, a SKU of it once, and answer the orders that what there is now can serve.

    Goods that we do not know, and all goods of a location that we do not know, are an exception until they are known;
    the rest is booked. Damaged units are put aside, and what came beyond the purchase order is booked and told.
    """
    with sessions.begin() as session:
        event = session.get_one(PartnerEventRow, (partner, event_id), with_for_update=True)
        skus = {line["sku"] for line in event.data["lines"]}
        done = event.applied_at is not None
        if not done:
            ours = exceptions.known_goods(session, event, event.data["location_id"], skus)
            _book(session, event, ours)
            if done := ours == skus:
                exceptions.applied(session, event)
        news = [*queue.servable_orders(session, skus), *queue.update_promises(session, skus)]
        return CarryResult(done, queue.channel_orders(session, news))


def _book(session: Session, event: PartnerEventRow, ours: Iterable[str]) -> None:
    receipt, location = event.data["receipt_id"], event.data["location_id"]
    known = session.scalars(select(GoodsReceiptRow.sku).where(GoodsReceiptRow.receipt_id == receipt))
    units, damaged = Counter[str](), Counter[str]()
    for line in event.data["lines"]:
        units[line["sku"]] += line["quantity"]
        damaged[line["sku"]] += line.get("damaged", 0)
    came = sorted(set(ours) - set(known))
    number = event.data.get("purchase_order_id")
    rows = [
        {"receipt_id": receipt, "sku": sku, "purchase_order_id": number, "location_id": location}
        | {"quantity": units[sku], "damaged": damaged[sku]}
        for sku in came
    ]
    insert_all(session, GoodsReceiptRow, rows)
    movements = [Movement("received", sku, location, units[sku]) for sku in came if units[sku]]
    movements += [Movement("quarantined", sku, location, damaged[sku]) for sku in came if damaged[sku]]
    if number and came:
        movements += _take_off(session, event, number)
    ledger.post(session, movements, None, f"receipt {receipt}")


def _take_off(session: Session, event: PartnerEventRow, number: str) -> list[Movement]:
    """What is no longer in transit. A purchase order that has not come yet finds its receipts when it does."""
    row = purchases.lock(session, number)
    if row is None:
        return []
    before = purchases.in_transit(session, row)
    beyond = purchases.settle(session, row, purchases.lines_of(session, number))
    if beyond:
        detail = ", ".join(f"{units} {sku}" for sku, units in sorted(beyond.items()))
        exceptions.note(session, event, exceptions.MORE_THAN_ORDERED, f"{number}: {detail}", resolved=True)
    return purchases.moved(before, purchases.in_transit(session, row), "arrived")
