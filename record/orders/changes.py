"""Merge later states of known orders. In whatever sequence they arrive, the latest state wins."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from domain.editing.wanted import WantedEdit
from domain.order import Order
from domain.status import OrderStatus
from domain.tenders import TenderKind
from models.order import OrderEventRow, OrderRow
from models.payment import TenderRow
from record.channels.events import changed, edit_asked, edit_id_of
from record.messages.partner_events import NewEvent
from record.orders import edits, payment_claims
from record.orders.alerts import call_a_person
from record.orders.channel_goods import take_goods
from record.orders.rows import NewOrder, receiver

NOT_TAKEN_OVER = "the channel changed the address"
IN_REVIEW = (OrderStatus.RECEIVED, OrderStatus.UNDER_REVIEW)
OTHER_PAYMENT = "the channel names another payment for the order: the first one stands"


def merge(session: Session, row: OrderRow, order: Order, new: NewOrder, version: str) -> list[NewEvent]:
    """Take over the receiver if it may still change, and return the events for the order's workflow. `row` is locked.

    A change makes a new version of the order, which is audited before anything is allocated for it. What a warehouse
    has of the order is called back first, by its workflow.
    """
    if version <= row.channel_version:
        return []
    events = _new_address(session, row, order, version)
    events += _payment(session, row, order, version)
    _collected(row, order)
    _tenders(session, row, order)
    events += take_goods(session, row, order, version)
    row.channel_version, row.request_hash = version, new.request_hash
    session.flush()
    return events


def _new_address(session: Session, row: OrderRow, order: Order, version: str) -> list[NewEvent]:
    edits.supersede(session, row.order_id, edits.CHANNEL)
    if all(getattr(row, name) == value for name, value in _address(order).items()):
        return []
    edit_id = edit_id_of(row.channel, row.channel_order_id, version)
    edit, _ = edits.propose(session, row, WantedEdit(ship_to=order.ship_to), edit_id, edits.CHANNEL, row.channel)
    outcome = edits.attempt(session, row, edit)
    if outcome.state == edits.REFUSED:
        call_a_person(session, row, "ADDRESS_CHANGED", f"{NOT_TAKEN_OVER}: {outcome.refusal}", version)
        return []
    if outcome.recall:
        return [edit_asked(row.channel, row.channel_order_id, version)]
    return [changed(row.channel, row.channel_order_id, version)]


def _payment(session: Session, row: OrderRow, order: Order, version: str) -> list[NewEvent]:
    """Take over a payment that the channel names only now, and have the gateway asked about it, whatever the order's
    status. A payment that was named before stays."""
    named = order.payment_reference
    if not named or named == row.payment_reference:
        return []
    # Where the channel collects the money, the order's number stands in until the payment has a reference of its own.
    own = row.channel_order_id, f"{row.channel}:{row.channel_order_id}"
    if row.payment_reference not in ("", *own):
        call_a_person(session, row, "PAYMENT_CHANGED", OTHER_PAYMENT, version)
        return []
    row.payment_reference, row.payment_method = named, order.payment_method
    row.version += 1
    _append_event(session, row, "order.changed", f"payment:{version}", {"fields": ["payment"]})
    # An order under review asks the gateway itself when the channel says that it is paid.
    return [] if row.status in IN_REVIEW else [payment_claims.check_of(named, f"{row.order_id}:named")]


def _collected(row: OrderRow, order: Order) -> None:
    """Take over what the channel says that it has collected. An order under review is audited again by that it is
    paid; a new version has an audit under way judge again."""
    if order.collected is None or order.collected.minor_units == row.collected_minor:
        return
    row.collected_minor = order.collected.minor_units
    if row.status in IN_REVIEW:
        row.version += 1


def _tenders(session: Session, row: OrderRow, order: Order) -> None:
    """Take over what the channel says that it has collected of its tenders. One that it names no more is in once the
    whole price is: platforms tell of a balance only while it is due."""
    if not row.tendered_minor or row.status not in IN_REVIEW:
        return
    told = {one.reference: one.collected for one in order.tenders}
    whole = order.collected is not None and order.grand_total <= order.collected
    mine = TenderRow.order_id == row.order_id, TenderRow.kind == TenderKind.PLATFORM, TenderRow.collected.is_(False)
    for tender in session.scalars(select(TenderRow).where(*mine)).all():
        if told.get(tender.reference, whole):
            tender.collected = True
            row.version += 1


def _address(order: Order) -> dict[str, Any]:
    to = order.ship_to
    person = receiver(to)
    return {
        "country": to.country,
        "province": to.province,
        "receiver_token": to.receiver_token,
        "receiver": person | {"lines": list(to.lines)},
    }


def _append_event(session: Session, row: OrderRow, event: str, key: str, data: dict[str, Any]) -> None:
    fact = insert(OrderEventRow).values(order_id=row.order_id, type=event, key=key, actor=row.channel, data=data)
    session.execute(fact.on_conflict_do_nothing())
