"""Merge later states of known orders. In whatever sequence they arrive, the latest state wins."""

from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from domain.duplicates import content_hash
from domain.order import Order
from domain.status import FulfillmentStatus, OrderStatus
from models.fulfillment import FulfillmentOrderRow
from models.order import OrderEventRow, OrderLineRow, OrderRow
from record.channels.events import changed
from record.messages.partner_events import NewEvent
from record.orders import payment_claims
from record.orders.rows import NewOrder, receiver

OVER = (FulfillmentStatus.CANCELED, FulfillmentStatus.REJECTED)
TOO_LATE = "the channel changed the address after the work was given to a warehouse"
INCOMPLETE = "the channel took away a part of the address after the order was accepted"
OTHER_GOODS = "the channel changed the lines or amounts of the order"
OTHER_PAYMENT = "the channel names another payment for the order: the first one stands"


def merge(session: Session, row: OrderRow, order: Order, new: NewOrder, version: str) -> list[NewEvent]:
    """Take over the receiver if it may still change, and return the events for the order's workflow. `row` is locked.

    A change makes a new version of the order, which is audited before anything is allocated for it.
    """
    if version <= row.channel_version:
        return []
    events = list[NewEvent]()
    address = _address(order)
    if any(getattr(row, name) != value for name, value in address.items()):
        if reason := _refusal(session, row, order):
            _call_a_person(session, row, "ADDRESS_CHANGED", reason, version)
        else:
            for name, value in address.items():
                setattr(row, name, value)
            row.repaired_region = {}
            row.content_hash = content_hash(order)
            row.version += 1
            _append_event(session, row, "order.changed", f"changed:{version}", {"fields": ["ship_to"]})
            events.append(changed(row.channel, row.channel_order_id, version))
    events += _payment(session, row, order, version)
    if _other_goods(session, row, order):
        _call_a_person(session, row, "ORDER_CHANGED", OTHER_GOODS, version)
    row.channel_version, row.request_hash = version, new.request_hash
    session.flush()
    return events


def _payment(session: Session, row: OrderRow, order: Order, version: str) -> list[NewEvent]:
    """Take over a payment that the channel names only now, and have the gateway asked about it, whatever the order's
    status. A payment that was named before stays."""
    named = order.payment_reference
    if not named or named == row.payment_reference:
        return []
    # Where the channel collects the money, the order's number stands in until the payment has a reference of its own.
    own = row.channel_order_id, f"{row.channel}:{row.channel_order_id}"
    if row.payment_reference not in ("", *own):
        _call_a_person(session, row, "PAYMENT_CHANGED", OTHER_PAYMENT, version)
        return []
    row.payment_reference, row.payment_method = named, order.payment_method
    row.version += 1
    _append_event(session, row, "order.changed", f"payment:{version}", {"fields": ["payment"]})
    # An order under review asks the gateway itself when the channel says that it is paid.
    in_review = row.status in (OrderStatus.RECEIVED, OrderStatus.UNDER_REVIEW)
    return [] if in_review else [payment_claims.check_of(named, f"{row.order_id}:named")]


def _address(order: Order) -> dict[str, Any]:
    to = order.ship_to
    person = receiver(to)
    return {
        "country": to.country,
        "province": to.province,
        "receiver_token": to.receiver_token,
        "receiver": person | {"lines": list(to.lines)},
    }


def _refusal(session: Session, row: OrderRow, order: Order) -> str:
    living = select(FulfillmentOrderRow.fulfillment_order_id).where(
        FulfillmentOrderRow.order_id == row.order_id, FulfillmentOrderRow.status.not_in(OVER)
    )
    if session.scalars(living.limit(1)).first() is not None:
        return TOO_LATE
    # An order that was accepted is not audited a second time.
    accepted = row.status not in (OrderStatus.RECEIVED, OrderStatus.UNDER_REVIEW, OrderStatus.CANCELED)
    to = order.ship_to
    complete = bool(to.name and (to.phone or to.email) and to.city and to.lines)
    return INCOMPLETE if accepted and not complete else ""


def _other_goods(session: Session, row: OrderRow, order: Order) -> bool:
    amounts = (row.currency, row.discount_minor, row.shipping_minor, row.tax_minor, row.grand_total_minor)
    if amounts != (
        order.currency,
        *(part.minor_units for part in (order.discount, order.shipping, order.tax, order.grand_total)),
    ):
        return True
    columns = select(
        OrderLineRow.sku, OrderLineRow.quantity, OrderLineRow.unit_price_minor, OrderLineRow.discount_minor
    )
    lines = session.execute(columns.where(OrderLineRow.order_id == row.order_id)).all()
    sent = [(line.sku, line.quantity, line.unit_price.minor_units, line.discount.minor_units) for line in order.lines]
    return sorted(map(tuple, lines)) != sorted(sent)


def _call_a_person(session: Session, row: OrderRow, code: str, reason: str, version: str) -> None:
    session.execute(update(OrderRow).where(OrderRow.order_id == row.order_id).values(attention=reason))
    _append_event(session, row, "alert.raised", f"alert:{code}:{version}", {"code": code, "reason": reason})


def _append_event(session: Session, row: OrderRow, event: str, key: str, data: dict[str, Any]) -> None:
    fact = insert(OrderEventRow).values(order_id=row.order_id, type=event, key=key, actor=row.channel, data=data)
    session.execute(fact.on_conflict_do_nothing())
