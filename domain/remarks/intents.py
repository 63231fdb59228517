"""What a remark may ask for, and what reading one gives."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

CUSTOMER, MERCHANT = "customer", "merchant"
RULE, MODEL = "rule", "model"


class Intent(StrEnum):
    """A wish that Baton can carry out. The shape of its value stands beside it; the others carry none."""

    CARRIER = "carrier"  # {"carrier": "SF Express"}
    DELIVER_ON = "deliver_on"  # {"on": "2026-11-28"} or {"days": [6, 7]}, ISO weekdays
    DELIVER_BETWEEN = "deliver_between"  # {"from": "18:00", "to": "22:00"}, in the zone of the reading
    LEAVE_AT_DOOR = "leave_at_door"
    NO_LOCKER = "no_locker"
    CALL_FIRST = "call_first"
    NO_CALL = "no_call"
    GIFT_WRAP = "gift_wrap"
    GIFT_MESSAGE = "gift_message"  # {"text": "..."}
    INVOICE = "invoice"  # {"title": "...", "tax_number": "..."}, the number may be empty
    MERGE = "merge"
    SHIP_SEPARATELY = "ship_separately"
    URGENT = "urgent"


WITH_VALUE = frozenset({Intent.CARRIER, Intent.DELIVER_ON, Intent.DELIVER_BETWEEN, Intent.GIFT_MESSAGE, Intent.INVOICE})
OPPOSITES = ((Intent.CALL_FIRST, Intent.NO_CALL), (Intent.MERGE, Intent.SHIP_SEPARATELY))


@dataclass(frozen=True, slots=True)
class Instruction:
    """One wish that was understood: `confidence` in (0, 1], `source` rule or model, `said_by` customer or merchant."""

    intent: Intent
    value: Mapping[str, object]
    confidence: float
    source: str
    said_by: str


@dataclass(frozen=True, slots=True)
class RemarkReading:
    """What both remarks of an order ask for.

    `unsure` and `contradictions` say in words what a person must look at. They quote nothing that was written, so they
    may stand in a hold. What is contradictory is not among the instructions.
    """

    instructions: tuple[Instruction, ...] = ()
    unsure: tuple[str, ...] = ()
    contradictions: tuple[str, ...] = ()

    @property
    def needs_review(self) -> bool:
        return bool(self.unsure or self.contradictions)


@dataclass(frozen=True, slots=True)
class Wish:
    """What one clause asks for: an intent with its value, or, without an intent, `doubt`: why a person must look."""

    intent: Intent | None = None
    value: Mapping[str, object] | None = None
    confidence: float = 1.0
    source: str = RULE
    doubt: str = ""
