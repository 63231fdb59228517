"""Conditions on the two status axes that are derived and not stored, as `domain.status` and the order's page derive
them."""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, ScalarSelect, and_, case, func, select, union_all

from domain.status import FulfillmentStatus, PaymentStatus
from models.fulfillment import FulfillmentOrderRow
from models.order import OrderRow, ParcelElsewhereRow
from models.payment import MoneyMovementRow

NO_WORK = (FulfillmentStatus.REJECTED, FulfillmentStatus.CANCELED)
MARKS: dict[PaymentStatus, tuple[str, ...]] = {
    PaymentStatus.REFUNDED: ("refunded", "credited"),
    PaymentStatus.PARTIALLY_REFUNDED: ("refunded", "credited"),
    PaymentStatus.VOIDED: ("voided",),
    PaymentStatus.FAILED: ("failed",),
    PaymentStatus.AUTHORIZED: ("authorized",),
}
"""Kinds of movements without which an order does not have this payment status: few orders have them."""
AT_WORK = (
    *(FulfillmentStatus.RELEASED, FulfillmentStatus.PICKING, FulfillmentStatus.PICKED),
    FulfillmentStatus.PACKED,
)
"""Statuses of work that has an index of its own."""
PAYMENT, WORK, PARCEL = MoneyMovementRow, FulfillmentOrderRow, ParcelElsewhereRow


def is_indexed(payment: PaymentStatus | None, fulfillment: FulfillmentStatus | None) -> bool:
    """True if an index finds the orders that may have these statuses; else every order must be looked at."""
    return (payment is None or payment in MARKS) and (fulfillment is None or fulfillment in AT_WORK)


def has_payment_status(status: PaymentStatus) -> ColumnElement[bool]:
    """Match orders whose money that moved gives this status."""
    derived = _payment_status() == status.value
    if status not in MARKS:
        return derived
    marked = select(PAYMENT.order_id).where(PAYMENT.kind.in_(MARKS[status]))
    return and_(OrderRow.order_id.in_(marked), derived)


def has_fulfillment_status(status: FulfillmentStatus) -> ColumnElement[bool]:
    """Match orders whose slowest part has this status."""
    derived = _fulfillment_status() == status.value
    if status not in AT_WORK:
        return derived
    worked = select(WORK.order_id).where(WORK.status == status.value)
    return and_(OrderRow.order_id.in_(worked), derived)


def _payment_status() -> ScalarSelect[str]:
    moved, refunded = _sum("moved"), _sum("refunded") + _sum("credited")
    captured, due = _sum("captured") - moved, OrderRow.grand_total_minor - moved
    came = (captured != 0) | (_has(["captured"]) & (due == 0))
    first = (PaymentStatus.VOIDED, PaymentStatus.FAILED, PaymentStatus.AUTHORIZED)
    status = case(
        (and_(refunded != 0, refunded >= captured), PaymentStatus.REFUNDED.value),
        (refunded != 0, PaymentStatus.PARTIALLY_REFUNDED.value),
        (and_(came, captured >= due - _sum("voided")), PaymentStatus.PAID.value),
        (came, PaymentStatus.PARTIALLY_PAID.value),
        *((_has([kind.value]), kind.value) for kind in first),
        else_=PaymentStatus.PENDING.value,
    )
    return select(status).select_from(PAYMENT).where(PAYMENT.order_id == OrderRow.order_id).scalar_subquery()


def _sum(kind: str) -> ColumnElement[int]:
    return func.coalesce(func.sum(PAYMENT.amount_minor).filter(PAYMENT.kind == kind), 0)


def _has(kinds: Iterable[str]) -> ColumnElement[bool]:
    return func.coalesce(func.bool_or(PAYMENT.kind.in_(kinds)), False)


def _status_elsewhere() -> ColumnElement[str]:
    delivered, shipped = FulfillmentStatus.DELIVERED.value, FulfillmentStatus.SHIPPED.value
    left = (PARCEL.delivered_at.is_not(None), delivered), (PARCEL.shipped_at.is_not(None), shipped)
    return case(*left, else_=FulfillmentStatus.OPEN.value)


def _fulfillment_status() -> ScalarSelect[str]:
    at_work = [status for status in FulfillmentStatus if status not in NO_WORK]
    parts = union_all(
        select(WORK.status.label("status")).where(WORK.order_id == OrderRow.order_id).correlate(OrderRow),
        select(_status_elsewhere()).where(PARCEL.order_id == OrderRow.order_id).correlate(OrderRow),
    ).subquery()
    ranks = case({status.value: rank for rank, status in enumerate(at_work)}, value=parts.c.status)
    slowest = func.min(ranks)
    canceled = func.bool_or(parts.c.status == FulfillmentStatus.CANCELED.value)
    status = case(
        *((slowest == rank, status.value) for rank, status in enumerate(at_work)),
        (canceled, FulfillmentStatus.CANCELED.value),
        else_=FulfillmentStatus.OPEN.value,
    )
    return select(status).select_from(parts).scalar_subquery()
