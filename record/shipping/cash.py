"""What a carrier collects at the door: fixed when it is booked, captured when it has delivered."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from domain.money import Money
from domain.money_alerts import COLLECTED_TWICE
from models.cash import ASKED, COLLECTED, VOID, CashCollectionRow
from models.fulfillment import ShipmentRow
from record.order_mapping import lock_order
from record.orders.alerts import call_a_person
from record.orders.movements import Movement, book
from record.orders.parcel_prices import asked_for, paid_beyond, price_of
from record.shipping.parcels import Parcel


def ask(session: Session, parcel: Parcel, shipment_id: str) -> Money:
    """Fix what the carrier of this parcel collects: the price of its goods, and no more than the order still owes.

    Another booking of the same parcel finds the amount fixed, unless its contents were corrected meanwhile.
    """
    row = lock_order(session, parcel.orders[0].order_id)
    known = session.get(CashCollectionRow, shipment_id)
    if known and known.state != ASKED:
        return Money(known.amount_minor, known.currency)
    units = {goods.sku: goods.units for goods in parcel.goods}
    others = asked_for(session, row, but=shipment_id)
    amount = price_of(session, row, units, others, _to_collect(session, row.order_id, but=shipment_id))
    known = known or CashCollectionRow(shipment_id=shipment_id, order_id=row.order_id, currency=row.currency)
    known.units, known.amount_minor = units, amount.minor_units
    session.add(known)
    return amount


def collect(session: Session, shipment_id: str, at: datetime, *, turned_up: bool = False) -> None:
    """Book what the carrier has collected, once; also for a parcel that was given up and has `turned_up`. A person is
    called if the customer has paid more than the order costs by now. The caller has locked the order."""
    row = session.get(CashCollectionRow, shipment_id, with_for_update=True, populate_existing=True)
    if row is None or row.state not in ((ASKED, VOID) if turned_up else (ASKED,)):
        return
    row.state, row.collected_at = COLLECTED, at
    waybill = session.get_one(ShipmentRow, shipment_id).waybill
    if row.amount_minor:
        amount = Money(row.amount_minor, row.currency)
        book(session, Movement(row.order_id, waybill, "captured", amount, f":{shipment_id}"))
        session.flush()
        order = lock_order(session, row.order_id)
        if (more := paid_beyond(session, order)).minor_units:
            reason = f"couriers have collected {more.text} {more.currency} more than the order costs"
            call_a_person(session, order, COLLECTED_TWICE, reason, shipment_id)


def give_up(session: Session, shipment_id: str) -> None:
    """Note that nothing is collected for this shipment: its booking was given back, or its goods came back."""
    row = session.get(CashCollectionRow, shipment_id, with_for_update=True, populate_existing=True)
    if row and row.state == ASKED:
        row.state = VOID


def _to_collect(session: Session, order_id: str, but: str) -> int:
    """Return what carriers of the order's other parcels are still to collect, in minor units."""
    others = CashCollectionRow.order_id == order_id, CashCollectionRow.shipment_id != but
    asked = select(func.coalesce(func.sum(CashCollectionRow.amount_minor), 0))
    return int(session.scalar(asked.where(*others, CashCollectionRow.state == ASKED)) or 0)
