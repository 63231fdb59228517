"""What may be said to a running return, and what it says to its order. As in messages.py, nothing names a person."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ReturnDeadlines:
    """In seconds, like those of an order."""

    arrival: float
    inspection: float
    approval: float = 172_800.0
    refund: float = 604_800.0


@dataclass(frozen=True)
class ReturnInput:
    """A case is named by channel, channel order and case id; what is asked comes with the first signal."""

    channel: str
    channel_order_id: str
    case_id: str
    deadlines: ReturnDeadlines
    edition: int = 0
    """Which edition of the story it lives by (workflows/state.py)."""


@dataclass(frozen=True)
class CaseVerdict:
    """What a person decides about a return case, with who and why.

    `refund_to` is `original` or `store_credit`, empty: as it was asked for. `remedy` of a warranty case is `refund`,
    `exchange` or `reship`, empty: refund.
    """

    approved: bool
    actor: str
    note: str = ""
    refund_to: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class CaseCancel:
    reason: str
    actor: str


@dataclass(frozen=True)
class GoodsWanted:
    """A return case asks its order to give back what has not been delivered yet."""

    return_id: str
    return_workflow_id: str
    everything: bool
    """Whether the case is about all units of the order."""


@dataclass(frozen=True)
class GoodsAnswer:
    """Where the goods of a case are: `recalled` (never left), `intercepted` (coming back) or `delivered`."""

    return_id: str
    goods: str
