"""The status axes of an order: one table for each, and one `advance` that guards them all.

The payment status has no table: it is derived from the money that moved (`payment_status`).
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TypeVar

from domain.errors import Refusal


class OrderStatus(StrEnum):
    RECEIVED = "received"
    UNDER_REVIEW = "under_review"
    ACCEPTED = "accepted"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    CANCELED = "canceled"
    REJECTED = "rejected"
    EXPIRED = "expired"


class FulfillmentStatus(StrEnum):
    OPEN = "open"
    RELEASED = "released"
    PICKING = "picking"
    PICKED = "picked"
    PACKED = "packed"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    REJECTED = "rejected"
    CANCELED = "canceled"


class ReturnStatus(StrEnum):
    REQUESTED = "requested"
    APPROVED = "approved"
    LABEL_ISSUED = "label_issued"
    IN_TRANSIT = "in_transit"
    RECEIVED = "received"
    INSPECTED = "inspected"
    SETTLED = "settled"
    CLOSED = "closed"
    REJECTED = "rejected"
    CANCELED = "canceled"
    EXPIRED = "expired"


class PaymentStatus(StrEnum):
    PENDING = "pending"
    AUTHORIZED = "authorized"
    PARTIALLY_PAID = "partially_paid"
    PAID = "paid"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    VOIDED = "voided"
    FAILED = "failed"


class TrackingStatus(StrEnum):
    """The carrier's own axis; it may skip statuses and go back."""

    PRE_TRANSIT = "pre_transit"
    IN_TRANSIT = "in_transit"
    OUT_FOR_DELIVERY = "out_for_delivery"
    AVAILABLE_FOR_PICKUP = "available_for_pickup"
    DELIVERED = "delivered"
    FAILED_ATTEMPT = "failed_attempt"
    RETURN_TO_SENDER = "return_to_sender"
    EXCEPTION = "exception"


S, F, R = OrderStatus, FulfillmentStatus, ReturnStatus

ORDER: Mapping[OrderStatus, frozenset[OrderStatus]] = {
    S.RECEIVED: frozenset({S.UNDER_REVIEW, S.ACCEPTED, S.CANCELED, S.REJECTED, S.EXPIRED}),
    S.UNDER_REVIEW: frozenset({S.ACCEPTED, S.CANCELED, S.REJECTED, S.EXPIRED}),
    # Accepted orders may wait for stock, and a person may put them under review again.
    # One that its channel has shipped itself is completed without any work.
    S.ACCEPTED: frozenset({S.UNDER_REVIEW, S.IN_PROGRESS, S.COMPLETED, S.CANCELED, S.REJECTED, S.EXPIRED}),
    S.IN_PROGRESS: frozenset({S.COMPLETED, S.CANCELED, S.REJECTED}),
    S.COMPLETED: frozenset(),
    S.CANCELED: frozenset(),
    S.REJECTED: frozenset(),
    S.EXPIRED: frozenset(),
}

UNDONE = frozenset({S.CANCELED, S.REJECTED, S.EXPIRED})
"""Final statuses without a delivery: all money of the order goes back."""

# Warehouses skip steps: a packed report implies the pick. Carriers do too: a delivery implies the handover.
FULFILLMENT: Mapping[FulfillmentStatus, frozenset[FulfillmentStatus]] = {
    F.OPEN: frozenset({F.RELEASED, F.REJECTED, F.CANCELED}),
    F.RELEASED: frozenset({F.PICKING, F.PICKED, F.PACKED, F.SHIPPED, F.REJECTED, F.CANCELED}),
    F.PICKING: frozenset({F.PICKED, F.PACKED, F.SHIPPED, F.REJECTED, F.CANCELED}),
    F.PICKED: frozenset({F.PACKED, F.SHIPPED, F.REJECTED, F.CANCELED}),
    F.PACKED: frozenset({F.SHIPPED, F.DELIVERED, F.CANCELED}),
    # A shipped parcel that comes back ends canceled, and its goods return to stock.
    F.SHIPPED: frozenset({F.DELIVERED, F.CANCELED}),
    F.DELIVERED: frozenset(),
    F.REJECTED: frozenset(),
    F.CANCELED: frozenset(),
}

RETURN: Mapping[ReturnStatus, frozenset[ReturnStatus]] = {
    R.REQUESTED: frozenset({R.APPROVED, R.REJECTED, R.CANCELED}),
    # Goods that never left the building need neither label nor receipt.
    R.APPROVED: frozenset({R.LABEL_ISSUED, R.IN_TRANSIT, R.RECEIVED, R.SETTLED, R.CANCELED, R.EXPIRED}),
    R.LABEL_ISSUED: frozenset({R.IN_TRANSIT, R.RECEIVED, R.CANCELED, R.EXPIRED}),
    R.IN_TRANSIT: frozenset({R.RECEIVED, R.CANCELED, R.EXPIRED}),
    R.RECEIVED: frozenset({R.INSPECTED}),
    R.INSPECTED: frozenset({R.SETTLED}),
    R.SETTLED: frozenset({R.CLOSED}),
    R.CLOSED: frozenset(),
    R.REJECTED: frozenset(),
    R.CANCELED: frozenset(),
    R.EXPIRED: frozenset(),
}

Status = TypeVar("Status", OrderStatus, FulfillmentStatus, ReturnStatus)


class NotAllowed(Refusal):
    """A status cannot follow another."""


def advance(table: Mapping[Status, frozenset[Status]], now: Status, to: Status) -> Status:
    """Return `to` if it may follow `now` or is `now`, since messages repeat. Raises NotAllowed."""
    if to != now and to not in table[now]:
        raise NotAllowed("not_allowed", f"{now} cannot become {to}")
    return to


def is_final(table: Mapping[Status, frozenset[Status]], status: Status) -> bool:
    """True if no status may follow."""
    return not table[status]


def payment_status(movements: Iterable[tuple[str, int]], due: int) -> PaymentStatus:
    """Derive the payment status from `(kind, minor units)` movements and the amount that is due.

    Kinds are authorized, captured, refunded, credited (as store credit, which counts as paid back), voided, failed and
    moved (to a follow-up order, which owns the money then); see models/payment.py. What is voided beside a capture was
    reserved and not needed: it is not due any more.
    """
    sums: dict[str, int] = {}
    for kind, amount in movements:
        sums[kind] = sums.get(kind, 0) + amount
    moved, refunded = sums.get("moved", 0), sums.get("refunded", 0) + sums.get("credited", 0)
    captured, due = sums.get("captured", 0) - moved, due - moved
    if refunded:
        return PaymentStatus.REFUNDED if refunded >= captured else PaymentStatus.PARTIALLY_REFUNDED
    if captured or ("captured" in sums and due == 0):
        return PaymentStatus.PAID if captured >= due - sums.get("voided", 0) else PaymentStatus.PARTIALLY_PAID
    for kind in (PaymentStatus.VOIDED, PaymentStatus.FAILED, PaymentStatus.AUTHORIZED):
        if kind in sums:
            return kind
    return PaymentStatus.PENDING
