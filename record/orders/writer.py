"""Write orders: many in one transaction, each exactly once, however often it was sent."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from domain.status import OrderStatus
from models.database import Sessions
from models.order import OrderEventRow, OrderLineRow, OrderRow, ParcelElsewhereRow
from models.payment import TenderRow
from record.orders.rows import NewOrder
from record.people.contacts import hashes_of
from record.promises.binding import take_promises
from record.recordset import insert_recordset, json_array

INSERT_ORDERS = insert_recordset(
    OrderRow,
    "order_id, channel, channel_order_id, request_hash, content_hash, placed_at, customer_id, currency, discount_minor,"
    " shipping_minor, tax_minor, grand_total_minor, payment_reference, payment_method, country, province, receiver,"
    " receiver_token, pickup_location, buyer_token, buyer_last4, buyer_name, remarks, merchant_remarks, tags, test,"
    " units, promised_ship_by, promised_deliver_by, channel_version, language, collected_minor, tendered_minor,"
    " shared_payment, phone_hash, email_hash, promise_id",
    conflict="channel, channel_order_id",
    returning="order_id",
)
INSERT_LINES = insert_recordset(
    OrderLineRow,
    "order_id, line_no, sku, title, quantity, unit_price_minor, discount_minor, channel_line_id, gift, bundle_of,"
    " properties, elsewhere",
)
INSERT_PARCELS = insert_recordset(
    ParcelElsewhereRow,
    "order_id, key, carrier, waybill, shipped_at, delivered_at, lines, location_id",
    conflict="order_id, key",
)
INSERT_TENDERS = insert_recordset(
    TenderRow, "order_id, tender_no, kind, reference, method, amount_minor, due_at, collected"
)
INSERT_EVENTS = insert_recordset(OrderEventRow, "order_id, type, key, actor, data")


class Receipt(NamedTuple):
    """The id that an order is stored under. `same` is false when its channel order id was used with another body, and
    `promise` what became of the promise that it carries, or empty."""

    order_id: str
    status: str
    new: bool
    same: bool
    promise: str = ""


class OrderWriter:
    """Commits a group of orders in three statements, and one more each when some were known before, or have
    parcels or tenders."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def __call__(self, orders: Sequence[NewOrder]) -> list[Receipt]:
        with self._sessions.begin() as session:
            written = _insert(session, orders)
            promises = take_promises(session, [order for order in orders if order.order_id in written])
            known = _known(session, [order for order in orders if order.order_id not in written])
        return [
            Receipt(order.order_id, OrderStatus.RECEIVED, True, True, promises.get(order.order_id, ""))
            if order.order_id in written
            else _receipt(known[order.channel, order.channel_order_id], order)
            for order in orders
        ]


def _insert(session: Session, orders: Sequence[NewOrder]) -> set[str]:
    # Sorted: two processes that insert the same orders in different sequence would deadlock.
    orders = sorted(orders, key=lambda order: (order.channel, order.channel_order_id))
    written = set(session.scalars(INSERT_ORDERS, {"rows": json_array(with_hashes(session, order) for order in orders)}))
    new = [order for order in orders if order.order_id in written]
    if new:
        session.execute(INSERT_LINES, {"rows": json_array(order.lines for order in new)})
        session.execute(INSERT_EVENTS, {"rows": json_array(order.event for order in new)})
        if parcels := [order.parcels for order in new if order.parcels]:
            session.execute(INSERT_PARCELS, {"rows": json_array(parcels)})
        if tenders := [order.tenders for order in new if order.tenders]:
            session.execute(INSERT_TENDERS, {"rows": json_array(tenders)})
    return written


def with_hashes(session: Session, order: NewOrder) -> str:
    """Return the order's row with the hashes of its receiver, which need the key of these sessions."""
    phone, email = hashes_of(session, order.phone, order.email)
    return f'{order.order[:-1]},"phone_hash":{_json(phone)},"email_hash":{_json(email)}}}'


def _json(number: int | None) -> str:
    return "null" if number is None else str(number)


def _known(session: Session, orders: Iterable[NewOrder]) -> dict[tuple[str, str], OrderRow]:
    names = [(order.channel, order.channel_order_id) for order in orders]
    if not names:
        return {}
    rows = session.scalars(select(OrderRow).where(tuple_(OrderRow.channel, OrderRow.channel_order_id).in_(names)))
    return {(row.channel, row.channel_order_id): row for row in rows}


def _receipt(first: OrderRow, order: NewOrder) -> Receipt:
    same = first.request_hash == order.request_hash
    return Receipt(first.order_id, first.status, False, same, first.promise_state or "")
