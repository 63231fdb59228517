"""What the API says about an order."""

from datetime import date, datetime
from typing import Any, Literal

from pydantic import computed_field

from api.return_schemas import ReturnAnswer
from api.schemas import Answer, Links
from domain.status import PaymentStatus


class PlacedOrder(Answer):
    order_id: str
    status: str
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


class LineProgressAnswer(Answer):
    """Units of one line. What is delivered is counted as shipped, picked and allocated too; `canceled` are all that are
    no longer wanted, and `short` wait for stock."""

    ordered: int
    allocated: int
    picked: int
    shipped: int
    delivered: int
    canceled: int
    short: int


class OrderLineAnswer(Answer):
    """`withdrawn` counts units that the customer gave back before they were shipped, gifts that nobody had, and those
    that were `canceled` and paid back because they were short.

    `added_by` is the rule that added the line as a gift, or empty for a line of the channel's. `substitute_for` is the
    SKU that was ordered and was short, or empty. `progress` says how far its units are.
    """

    line_no: int
    sku: str
    title: str
    quantity: int
    unit_price: str
    discount: str
    channel_line_id: str
    gift: bool
    bundle_of: str
    properties: list[tuple[str, str]]
    withdrawn: int
    canceled: int
    added_by: str
    substitute_for: str
    progress: LineProgressAnswer


class ShortageProposal(Answer):
    """One thing that may be done: `until` of wait (null if nobody knows), `units` of split, or a substitute. `sku` is
    the bundle on whose line it is done; null where what is short was ordered by itself."""

    action: Literal["wait", "split", "cancel_line", "substitute"]
    sku: str | None = None
    until: date | None = None
    units: int | None = None
    substitute_sku: str | None = None


class ShortLine(Answer):
    """A SKU that the order waits for: `quantity` of the `wanted` units are short. `promised_on` is the day on which
    what is in transit covers it and everybody before it; null if nothing does."""

    sku: str
    quantity: int
    wanted: int
    since: datetime
    promised_on: date | None
    proposals: list[ShortageProposal]


class FulfillmentLineAnswer(Answer):
    sku: str
    quantity: int
    picked: int | None


class FulfillmentOrderAnswer(Answer):
    """`reason` says why this location was chosen. `merged_with` are the orders that share its parcel, or will.

    `wave_at` is when the location gets it, null for at once; with `pickup` the customer fetches it from `ready_at` on.
    """

    fulfillment_order_id: str
    location_id: str
    status: str
    reason: str
    shipment_id: str | None
    merged_with: list[str]
    lines: list[FulfillmentLineAnswer]
    pickup: bool
    created_at: datetime
    wave_at: datetime | None
    released_at: datetime | None
    accepted_at: datetime | None
    packed_at: datetime | None
    ready_at: datetime | None
    shipped_at: datetime | None
    delivered_at: datetime | None


class ShipmentAnswer(Answer):
    """`link` leads to its parcels, its way so far and its label."""

    shipment_id: str
    carrier: str
    waybill: str
    tracking_status: str
    booked_at: datetime
    voided_at: datetime | None

    @computed_field
    def link(self) -> str:
        return f"/shipments/{self.shipment_id}"


class PaymentAnswer(Answer):
    """One movement of money. `kind` is authorized, captured, refunded, credited, moved, voided or failed."""

    kind: str
    amount: str
    currency: str
    return_id: str | None
    at: datetime


class Totals(Answer):
    discount: str
    shipping: str
    tax: str
    grand_total: str


class Promised(Answer):
    """By the channel's own word, else by our rules; null until the order is paid, or when there is no rule."""

    ship_by: datetime | None
    deliver_by: datetime | None


class NextDeadline(Answer):
    """What is due next. `at_risk` once somebody was told that it is in danger; `owner` is who sees to it."""

    due: Literal["ship", "deliver"]
    at: datetime
    at_risk: bool
    owner: str | None
    escalated_at: datetime | None


class OrderSummary(Answer):
    """One row of a list. `holds` are the codes of those that are open; `attention` says why a person should look."""

    order_id: str
    channel: str
    channel_order_id: str
    customer_id: str
    status: str
    payment_status: PaymentStatus
    holds: list[str]
    attention: str | None
    next_deadline: NextDeadline | None
    currency: str
    grand_total: str
    placed_at: datetime
    received_at: datetime
    ended_at: datetime | None


class OrderAnswer(Answer):
    """One order with its four status axes. Who it is for, and what was written about it, is masked
    for keys that may not see people.

    `pickup_location` is the store where the customer fetches it, or empty.
    """

    order_id: str
    channel: str
    channel_order_id: str
    customer_id: str
    workflow_id: str
    status: str
    payment_status: PaymentStatus
    fulfillment_status: str
    return_status: str | None
    attention: str | None
    promised: Promised
    next_deadline: NextDeadline | None
    holds: list[OpenHold]
    currency: str
    totals: Totals
    payment_reference: str
    payment_method: str
    ship_to: dict[str, Any]
    pickup_location: str
    lines: list[OrderLineAnswer]
    shortages: list[ShortLine]
    fulfillment_orders: list[FulfillmentOrderAnswer]
    shipments: list[ShipmentAnswer]
    payments: list[PaymentAnswer]
    returns: list[ReturnAnswer]
    remarks: str
    merchant_remarks: str
    instructions: dict[str, Any]
    tags: list[str]
    test: bool
    placed_at: datetime
    received_at: datetime
    ended_at: datetime | None
    links: Links


class EventAnswer(Answer):
    """A fact of an order: what happened, when, by whom."""

    event_id: int
    at: datetime
    type: str
    actor: str
    data: dict[str, Any]
