"""Answers about an order."""

from datetime import datetime
from typing import Any, Literal

from pydantic import computed_field

from api.orders.line_answers import FulfillmentOrderAnswer, OrderLineAnswer, ShortLine
from api.returns.schemas import ReturnAnswer
from api.schemas import Answer, Links, Page
from domain.promising import State
from domain.status import PaymentStatus
from domain.tenders import TenderKind


class PlacedOrder(Answer):
    """`promise` is what became of the promise that it carries, null without one: `taken`, `kept`, or why it cannot be
    kept. The order is taken in either way."""

    order_id: str
    status: str
    promise: State | None = None
    workflow_id: str
    links: Links


class JudgedOrder(PlacedOrder):
    """`holds` are codes; `reason` says what an order that is not accepted waits for, or why it was rejected."""

    outcome: Literal["accepted", "held", "waiting_for_stock", "rejected"]
    holds: list[str]
    reason: str


class OpenHold(Answer):
    """`line_no` is 0 for the whole order. At `expires_at` the hold does what `on_expiry` says: release, cancel or
    escalate."""

    code: str
    line_no: int
    reason: str
    owner_role: str
    raised_at: datetime
    expires_at: datetime | None
    on_expiry: str


class ShipmentAnswer(Answer):
    """`link` leads to its parcels, tracking and label."""

    shipment_id: str
    carrier: str
    waybill: str
    tracking_status: str
    booked_at: datetime
    voided_at: datetime | None

    @computed_field
    def link(self) -> str:
        return f"/shipments/{self.shipment_id}"


class LineElsewhere(Answer):
    line_no: int
    quantity: int


class ParcelElsewhereAnswer(Answer):
    """A parcel that the channel shipped itself. `shipped_at` is null while it only says that it will."""

    carrier: str
    waybill: str
    shipped_at: datetime | None
    delivered_at: datetime | None
    lines: list[LineElsewhere]


class PaymentAnswer(Answer):
    """One movement of money. `kind` is authorized, captured, refunded, credited, moved, forfeited,
    voided or failed."""

    kind: str
    amount: str
    currency: str
    return_id: str | None
    at: datetime


class TenderAnswer(Answer):
    """A part of the price that is paid apart from the order's own payment. A balance is named by its `credit_id`."""

    tender_no: int
    kind: TenderKind
    reference: str
    method: str
    amount: str
    due_at: datetime | None
    paid: str
    paid_back: str


class Totals(Answer):
    discount: str
    shipping: str
    tax: str
    grand_total: str


class Promised(Answer):
    """Promised by the channel, else by our rules; null until the order is paid, or when there is no rule."""

    ship_by: datetime | None
    deliver_by: datetime | None


class NextDeadline(Answer):
    """The next deadline. `at_risk` is true once an alert was raised; `owner` is the role that handles it."""

    due: Literal["ship", "deliver"]
    at: datetime
    at_risk: bool
    owner: str | None
    escalated_at: datetime | None


class OrderSummary(Answer):
    """One row of a list. `holds` are the codes of open holds; `attention` says why a person should look,
    `assignee` who has taken the order."""

    order_id: str
    channel: str
    channel_order_id: str
    customer_id: str
    status: str
    payment_status: PaymentStatus
    holds: list[str]
    attention: str | None
    assignee: str | None
    next_deadline: NextDeadline | None
    currency: str
    grand_total: str
    placed_at: datetime
    received_at: datetime
    ended_at: datetime | None
    links: Links


class OrderPage(Page[OrderSummary]):
    """`count` is null unless it was asked for; `at_least` is true where there are more than were counted."""

    count: int | None = None
    at_least: bool | None = None


class CarriedPromise(Answer):
    """The promise that the order carried: `taken`, `kept`, or why it could not be kept."""

    promise_id: str
    state: State


class OrderAnswer(Answer):
    """One order with its four status axes. The receiver and free text are masked for keys that may not see people.

    `customer_token` is the customer's id in Temporal (`CustomerId`), empty once the person was erased.
    `return_status` is that of its cases together: of open ones the slowest. `pickup_location` is the store where the
    customer fetches it, or empty. `messages_not_taken` says by recipient how
    many messages about the order have not reached it yet. `past` if it was taken in as a record of the past.
    """

    order_id: str
    channel: str
    channel_order_id: str
    customer_id: str
    customer_token: str
    workflow_id: str
    status: str
    payment_status: PaymentStatus
    fulfillment_status: str
    return_status: str | None
    attention: str | None
    assignee: str | None
    promised: Promised
    promise: CarriedPromise | None
    next_deadline: NextDeadline | None
    holds: list[OpenHold]
    currency: str
    totals: Totals
    payment_reference: str
    payment_method: str
    tenders: list[TenderAnswer]
    ship_to: dict[str, Any]
    pickup_location: str
    lines: list[OrderLineAnswer]
    shortages: list[ShortLine]
    fulfillment_orders: list[FulfillmentOrderAnswer]
    shipments: list[ShipmentAnswer]
    parcels_elsewhere: list[ParcelElsewhereAnswer]
    payments: list[PaymentAnswer]
    returns: list[ReturnAnswer]
    messages_not_taken: dict[str, int]
    remarks: str
    merchant_remarks: str
    instructions: dict[str, Any]
    tags: list[str]
    test: bool
    past: bool
    placed_at: datetime
    received_at: datetime
    ended_at: datetime | None
    links: Links


class EventAnswer(Answer):
    """A fact of an order: what happened, when, and who did it."""

    event_id: int
    at: datetime
    type: str
    actor: str
    data: dict[str, Any]
