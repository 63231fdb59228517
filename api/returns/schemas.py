"""Answers about a return case."""

from datetime import datetime

from api.schemas import Answer


class ReturnLineAnswer(Answer):
    line_no: int
    sku: str
    quantity: int
    replacement_sku: str = ""
    replacement_price: str | None = None


class ReturnedGoodsAnswer(Answer):
    """Units that came, and their disposition; `received` before the inspection."""

    sku: str
    disposition: str
    grade: str
    quantity: int
    photos: list[str]


class ReturnAnswer(Answer):
    """A return case. `refusal` says why it was rejected, `goods` where the goods were when the case started.

    `value` is what was paid for its units. The `fees` are kept of it; `refund` is paid back as `refund_to` says, or
    `moved` pays for the follow-up order `follow_up_id`, and what is more than that goes back. `sent` is the price of
    what an exchange sends: `given` of it is not asked for, and the rest is charged. `remedy` is the decision about a
    warranty case, else empty.
    """

    return_id: str
    order_id: str
    case_id: str
    kind: str
    status: str
    reason: str
    reason_code: str
    evidence: list[str]
    refusal: str | None
    decided_by: str | None
    location_id: str | None
    goods: str | None
    amount: str | None
    value: str | None
    fees: dict[str, str]
    refund: str | None
    refund_to: str
    remedy: str
    moved: str | None
    sent: str | None
    given: str | None
    payment_link: str | None
    """Where the customer pays the difference, while it is not paid."""
    currency: str
    follow_up_id: str | None
    carrier: str | None
    waybill: str | None
    tracking: str | None
    attention: str | None
    tags: list[str]
    assignee: str | None
    lines: list[ReturnLineAnswer]
    returned: list[ReturnedGoodsAnswer]
    requested_at: datetime
    received_at: datetime | None
    inspected_at: datetime | None
    refunded_at: datetime | None
    closed_at: datetime | None
