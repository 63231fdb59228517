"""Answers about the lines of an order: progress, shortages, and the fulfillment orders that ship them."""

from datetime import date, datetime
from typing import Literal

from api.schemas import Answer


class LineProgressAnswer(Answer):
    """Units of one line. Delivered units also count as shipped, picked and allocated; `canceled` units are no longer
    wanted; `short` ones wait for stock."""

    ordered: int
    allocated: int
    picked: int
    shipped: int
    delivered: int
    canceled: int
    short: int


class OrderLineAnswer(Answer):
    """Of `elsewhere` units the channel says that it shipped them itself. `withdrawn` counts units that the customer
    gave back before they were shipped, gifts that were short, and units `canceled` and paid back because they were
    short.

    `added_by` is the rule that added the line as a gift, empty for a line of the channel's. `substitute_for` is the SKU
    that was ordered and was short, or empty.
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
    elsewhere: int
    added_by: str
    substitute_for: str
    progress: LineProgressAnswer


class ShortageProposal(Answer):
    """A possible decision: wait (`until`, null if unknown), split (`units`), cancel the line, or substitute. `sku` is
    the bundle whose part is short; null if the short SKU was ordered by itself."""

    action: Literal["wait", "split", "cancel_line", "substitute"]
    sku: str | None = None
    until: date | None = None
    units: int | None = None
    substitute_sku: str | None = None


class ShortLine(Answer):
    """A SKU that the order waits for: `quantity` of the `wanted` units are short. `promised_on` is the day on which
    purchase orders cover this order and all before it; null if none do."""

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

    `wave_at` is when the location gets the work, null for at once. With `pickup` the customer fetches the goods from
    `ready_at` on.
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
