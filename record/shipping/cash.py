"""What a carrier collects at the door: fixed when it is booked, captured when it has delivered."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.money import Money
from domain.parcel_value import units_by_line, value_of_parcel
from models.cash import CashCollectionRow
from models.fulfillment import ShipmentRow
from record import money
from record.order_mapping import load_order, lock_order
from record.orders.movements import Movement, book
from record.shipping.parcels import Parcel

ASKED, COLLECTED, REMITTED, VOID = "asked", "collected", "remitted", "void"


def ask(session: Session, parcel: Parcel, shipment_id: str) -> Money:
    """Fix what the carrier of this parcel collects: the price of its goods, and no more than the order still owes.

    Another booking of the same parcel finds the amount fixed, unless its contents were corrected meanwhile.
    """
    order_id = parcel.orders[0].order_id
    row, order = lock_order(session, order_id), load_order(session, order_id)
    known = session.get(CashCollectionRow, shipment_id)
    if known and known.state != ASKED:
        return Money(known.amount_minor, known.currency)
    others = [one for one in _live(session, order_id) if one.shipment_id != shipment_id]
    before = Counter[int]()
    for one in others:
        before.update({int(line_no): units for line_no, units in one.units.items()})
    units = units_by_line(order, {goods.sku: goods.units for goods in parcel.goods}, before)
    value = value_of_parcel(order, units, before, first=not others)
    asked = sum(one.amount_minor for one in others if one.state == ASKED)
    owed = row.grand_total_minor - money.balance(session, order_id).minor_units - asked
    amount = Money(max(0, min(value.minor_units, owed)), order.currency)
    known = known or CashCollectionRow(shipment_id=shipment_id, order_id=order_id, currency=order.currency)
    known.units, known.amount_minor = {str(line_no): count for line_no, count in units.items()}, amount.minor_units
    session.add(known)
    return amount


def collect(session: Session, shipment_id: str, at: datetime) -> None:
    """Book what the carrier has collected, once. The caller has locked the order."""
    row = session.get(CashCollectionRow, shipment_id, with_for_update=True, populate_existing=True)
    if row is None or row.state != ASKED:
        return
    row.state, row.collected_at = COLLECTED, at
    waybill = session.get_one(ShipmentRow, shipment_id).waybill
    if row.amount_minor:
        amount = Money(row.amount_minor, row.currency)
        book(session, Movement(row.order_id, waybill, "captured", amount, f":{shipment_id}"))


def give_up(session: Session, shipment_id: str) -> None:
    """Note that nothing is collected for this shipment: its booking was given back, or its goods came back."""
    row = session.get(CashCollectionRow, shipment_id, with_for_update=True, populate_existing=True)
    if row and row.state == ASKED:
        row.state = VOID


def _live(session: Session, order_id: str) -> Sequence[CashCollectionRow]:
    live = CashCollectionRow.order_id == order_id, CashCollectionRow.state != VOID
    return session.scalars(select(CashCollectionRow).where(*live)).all()
