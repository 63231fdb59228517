"""The intents of remarks, and the result of reading one."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

CUSTOMER, MERCHANT = "customer", "merchant"
RULE, MODEL = "rule", "model"


class Intent(StrEnum):
    """A request that Baton can carry out. The comment shows the shape of its value; the others have none."""

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
    """One request that was understood: `confidence` in (0, 1], `source` rule or model, `said_by` customer or
    merchant."""

    intent: Intent
    value: Mapping[str, object]
    confidence: float
    source: str
    said_by: str


@dataclass(frozen=True, slots=True)
class RemarkReading:
    """The instructions in both remarks of an order.

    `unsure` and `contradictions` describe what a person must read. They never quote a remark, so they may be shown in a
    hold. Contradictory requests are not among the instructions.
    """

    instructions: tuple[Instruction, ...] = ()
    unsure: tuple[str, ...] = ()
    contradictions: tuple[str, ...] = ()

    @property
    def needs_review(self) -> bool:
        return bool(self.unsure or self.contradictions)


@dataclass(frozen=True, slots=True)
class Wish:
    """One request of a clause: an intent with its value, or no intent and in `doubt` why a person must read it."""

    intent: Intent | None = None
    value: Mapping[str, object] | None = None
    confidence: float = 1.0
    source: str = RULE
    doubt: str = ""
