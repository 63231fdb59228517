"""Disputes: a customer's bank takes money back until it is decided who keeps it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.money import Money

DISPUTED = "DISPUTED"
"""Code of the hold of an order with money in dispute."""
DISPUTE_DUE = "DISPUTE_DUE"
"""Code of the alert that the time to answer a dispute runs out."""
WARN_BEFORE = timedelta(days=2)
REFUND_KEY = "dispute:"
"""What keys of money in dispute begin with, before the dispute's id."""


class Stage(StrEnum):
    INQUIRY = "inquiry"
    """The bank asks, and takes nothing yet."""
    CHARGEBACK = "chargeback"
    ARBITRATION = "arbitration"


class DisputeOutcome(StrEnum):
    WON = "won"
    """The money is ours again."""
    LOST = "lost"
    """The money stays with the customer."""


@dataclass(frozen=True, slots=True)
class DisputeReport:
    """What the gateway, a channel or a file says of a dispute. Its id is unique for who says it. Without a
    `payment_reference` it is about the order's own payment."""

    dispute_id: str
    amount: Money
    reason_code: str = ""
    stage: Stage = Stage.CHARGEBACK
    respond_by: datetime | None = None
    outcome: DisputeOutcome | None = None
    payment_reference: str = ""
