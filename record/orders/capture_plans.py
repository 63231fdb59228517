"""What is captured for which goods: fixed before the gateway is asked, so that a repeat asks for the same."""

from collections import Counter

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from domain.bundles import explode
from domain.captures import value_of
from domain.money import Money
from domain.payment_terms import AT_ORDER
from integrations.payments import GatewayPayment
from models.authorization import CaptureRow
from models.fulfillment import FulfillmentOrderRow
from models.order import OrderLineRow
from record import journal
from record.orders import payment_claims
from record.orders.authorizations import ASKED, CAPTURED, REFUSED, Reserved, reserved_for
from record.shipping.fulfillment_orders import lines_of
from record.stock.demand import UNDONE, bundles_of

BEYOND = "beyond_authorized"


def plan(session: Session, order_id: str, fulfillment_order_id: str, attempt: int) -> CaptureRow | None:
    """Fix what is captured for a fulfillment order; without one for what the channel shipped itself, or for the whole
    order where it is captured at once. None if nothing was reserved, or nothing is to be captured.

    What was asked for stays as it is until the gateway answers; what it has refused is counted anew. More than is
    reserved is refused here.
    """
    journal.lock_order(session, order_id)
    reserved = reserved_for(session, order_id)
    if reserved is None:
        return None
    subject, units = _goods(session, reserved, fulfillment_order_id)
    row = session.get(CaptureRow, subject) if subject else None
    if not subject or (row and row.state != REFUSED):
        return row
    value = _value(session, reserved, units)
    asked = max(0, value - max(0, reserved.spare))
    if row is None:
        known = {"subject": subject, "order_id": order_id, "fulfillment_order_id": fulfillment_order_id or None}
        row = CaptureRow(**known, units=units)
        session.add(row)
    row.units, row.value_minor, row.asked_minor, row.attempt = units, value, asked, attempt
    row.state, row.refusal = (ASKED, "") if asked else (CAPTURED, "")
    if asked > reserved.room:
        row.state, row.refusal = REFUSED, BEYOND
    session.flush()
    return row


def unanswered(session: Session, order_id: str, but: str) -> list[CaptureRow]:
    """Return what was asked for and not answered for goods that do not leave any more."""
    rows = (
        select(CaptureRow)
        .join(FulfillmentOrderRow, FulfillmentOrderRow.fulfillment_order_id == CaptureRow.fulfillment_order_id)
        .where(CaptureRow.order_id == order_id, CaptureRow.state == ASKED, CaptureRow.subject != but)
        .where(FulfillmentOrderRow.status.in_(UNDONE))
    )
    return list(session.scalars(rows))


def refused(session: Session, subject: str, code: str) -> None:
    row = session.get_one(CaptureRow, subject)
    row.state, row.refusal, row.answered_at = REFUSED, code, func.now()


def captured(session: Session, subject: str, payment: GatewayPayment) -> None:
    """Book all that the gateway has captured, less what is booked already: its webhook may have come before."""
    payment_claims.capture(session, payment.reference, payment.taken)
    row = session.get_one(CaptureRow, subject)
    row.state, row.answered_at = CAPTURED, func.now()


def _goods(session: Session, reserved: Reserved, fulfillment_order_id: str) -> tuple[str, dict[str, int]]:
    """Return the name and the units of what is captured; no units for the whole order, and no name for nothing."""
    order_id = reserved.row.order_id
    if fulfillment_order_id:
        units = Counter[str]()
        for line in lines_of(session, fulfillment_order_id):
            units[line["sku"]] += line["quantity"]
        return fulfillment_order_id, dict(units)
    if reserved.row.capture == AT_ORDER:
        return f"{order_id}:whole", {}
    lines = OrderLineRow.order_id == order_id, OrderLineRow.elsewhere > 0
    gone = Counter[str]()
    for ordered in session.scalars(select(OrderLineRow).where(*lines)):
        gone.update(explode({ordered.sku: ordered.elsewhere}, bundles_of(session, order_id)))
    before = CaptureRow.order_id == order_id, CaptureRow.fulfillment_order_id.is_(None)
    name = f"{order_id}:elsewhere:{gone.total()}" if gone else ""
    for earlier in session.scalars(select(CaptureRow).where(*before, CaptureRow.subject != name)):
        gone.subtract(earlier.units if earlier.state != REFUSED else {})
    return name, {sku: units for sku, units in gone.items() if units > 0}


def _value(session: Session, reserved: Reserved, units: dict[str, int]) -> int:
    if not units:
        return max(0, reserved.due)
    bundles, left = bundles_of(session, reserved.row.order_id), Money(reserved.due, reserved.row.currency)
    return value_of(reserved.order, reserved.withdrawn, bundles, reserved.parts, units, left).minor_units
