"""What the API says about a return case."""

from datetime import datetime

from api.schemas import Answer


class ReturnLineAnswer(Answer):
    line_no: int
    sku: str
    quantity: int


class ReturnAnswer(Answer):
    """A return case. `refusal` says why it was rejected, `goods` where the goods were when the case began."""

    return_id: str
    order_id: str
    case_id: str
    status: str
    reason: str
    refusal: str | None
    location_id: str | None
    goods: str | None
    refund: str | None
    currency: str
    attention: str | None
    lines: list[ReturnLineAnswer]
    requested_at: datetime
    received_at: datetime | None
    inspected_at: datetime | None
    refunded_at: datetime | None
    closed_at: datetime | None
